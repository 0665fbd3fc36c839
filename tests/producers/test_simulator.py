import re
import threading
import time
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from producers.errors import PublishError
from producers.settings import SimulatorSettings
from producers.simulator import Truth, behaviours, simulate

SMALL = SimulatorSettings(cameras=2, rate=30, keep=100, width=64, height=48)


def run(folder: Path, count: int, settings: SimulatorSettings = SMALL, **options: int) -> None:
    simulate(folder, settings=settings, stop=threading.Event(), count=count, **options)


def images(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.glob("*/*")}


def test_the_same_seed_gives_the_same_images_and_another_gives_others(tmp_path: Path) -> None:
    for folder, seed in (("one", 7), ("two", 7), ("three", 8)):
        run(tmp_path / folder, 6, seed=seed)
    one, two, three = (images(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert not set(one.values()) & set(three.values())


def test_cameras_take_turns_and_the_name_holds_number_and_truth(tmp_path: Path) -> None:
    found: list[Truth] = []
    simulate(
        tmp_path,
        settings=SMALL,
        stop=threading.Event(),
        count=4,
        behaviour=3,
        on_written=found.append,
    )
    assert found == [
        Truth(tmp_path / "cabin-1/000000-c3.jpg", 3),
        Truth(tmp_path / "cabin-2/000000-c3.jpg", 3),
        Truth(tmp_path / "cabin-1/000001-c3.jpg", 3),
        Truth(tmp_path / "cabin-2/000001-c3.jpg", 3),
    ]


def test_only_the_newest_images_are_left_and_nobody_elses_file_is_touched(tmp_path: Path) -> None:
    (tmp_path / "cabin-1").mkdir()
    mine = tmp_path / "cabin-1" / "holiday.jpg"
    mine.write_bytes(b"mine")
    settings = SMALL.model_copy(update={"cameras": 1, "keep": 3})
    run(tmp_path, 8, settings, behaviour=0)
    names = sorted(file.name for file in (tmp_path / "cabin-1").iterdir())
    assert names == ["000005-c0.jpg", "000006-c0.jpg", "000007-c0.jpg", "holiday.jpg"]


def test_a_new_start_goes_on_counting_and_clears_what_a_kill_left(tmp_path: Path) -> None:
    settings = SMALL.model_copy(update={"cameras": 1})
    run(tmp_path, 2, settings, behaviour=1)
    (tmp_path / "cabin-1" / ".000002-c1.jpg.part").write_bytes(b"half")
    run(tmp_path, 1, settings, behaviour=2)
    names = sorted(file.name for file in (tmp_path / "cabin-1").iterdir())
    assert names == ["000000-c1.jpg", "000001-c1.jpg", "000002-c2.jpg"]


def test_every_image_appears_whole_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = []
    replace = Path.replace

    def watch(part: Path, target: Path) -> Path:
        renamed.append((re.sub(r"\d", "0", part.name), part.read_bytes()[-2:]))
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", watch)
    run(tmp_path, 1)
    assert renamed == [(".000000-c0.jpg.part", b"\xff\xd9")]


def test_drivers_are_safe_for_the_share_that_is_set_and_do_everything_else() -> None:
    acts = [*islice(behaviours(np.random.default_rng(1), rate=1.0, safe_share=0.55), 20_000)]
    assert abs(acts.count(0) / len(acts) - 0.55) < 0.05
    assert set(acts) == set(range(10))


def test_a_behaviour_lasts_between_three_and_eight_seconds() -> None:
    acts = [*islice(behaviours(np.random.default_rng(1), rate=10.0, safe_share=0.0), 5_000)]
    changes = [index for index in range(1, len(acts)) if acts[index] != acts[index - 1]]
    lengths = [after - before for before, after in pairwise(changes)]
    assert min(lengths) >= 30
    assert sorted(lengths)[len(lengths) // 2] <= 80  # one may follow upon itself


def test_stop_ends_it_at_once_even_at_a_slow_rate(tmp_path: Path) -> None:
    stop = threading.Event()
    settings = SMALL.model_copy(update={"rate": 0.01})
    began = time.monotonic()
    simulate(tmp_path, settings=settings, stop=stop, on_written=lambda _truth: stop.set())
    assert time.monotonic() - began < 5


def test_a_folder_that_cannot_be_written_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "cameras").write_bytes(b"a file")
    with pytest.raises(PublishError, match="Free disk space"):
        run(tmp_path / "cameras", 1)


def test_a_behaviour_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="behaviour 10"):
        run(tmp_path, 1, behaviour=10)
    assert [*tmp_path.iterdir()] == []
