"""How ``vigie bench`` compares, accounts and writes: rules on numbers, nothing measured."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import UsageError
from vigie.bench.growth import GROWTH, GrowthReport, Size, sizes_up_to
from vigie.bench.machine import Machine, processor_of, this_machine
from vigie.bench.marked import Part, markdown_table
from vigie.bench.page import PAGE
from vigie.bench.pairs import Pairs, Spread, measure_pairs, measure_rounds
from vigie.bench.report import WHOLE_PATH, BenchReport, FormReport
from vigie.bench.shares import (
    BROKER,
    IDLE,
    JUDGING,
    KAFKA,
    MAIN,
    MEASURING,
    OTHERS,
    Load,
    Meter,
    Share,
    kind_of,
    used_between,
)
from vigie.bench.workers import WORKERS, WorkersReport

PATIENT = settings(deadline=None)  # other programs may have the processors

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
MACHINE = Machine("Some CPU", 2, 4.0, "Linux 6.1", "3.11.0")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PART = Part("figures", "vigie bench")


def test_the_spread_is_smallest_middle_and_largest():
    assert Spread.of([3.0, 1.0, 2.04]) == Spread(1.0, 2.0, 3.0)


def test_who_begins_alternates_from_pair_to_pair():
    called: list[str] = []

    measure_pairs(3, lambda: called.append("a") or 1.0, lambda: called.append("b") or 2.0)

    assert called == ["a", "b", "b", "a", "a", "b"]


def test_of_three_each_begins_in_its_turn_and_keeps_its_rates_in_the_order_of_the_rounds():
    called: list[str] = []
    turns = [lambda name=name: called.append(name) or float(len(called)) for name in "abc"]

    assert measure_rounds(3, *turns) == [(1, 6, 8), (2, 4, 9), (3, 5, 7)]
    assert "".join(called) == "abcbcacab"


def test_the_ratio_is_the_median_of_the_pairs_not_that_of_the_medians():
    assert Pairs((100.0, 50.0, 200.0), (90.0, 50.0, 100.0)).ratio == 0.9


@PATIENT
@given(
    speeds=st.lists(st.floats(10, 1000), min_size=1, max_size=9),
    drifts=st.floats(0.1, 10),
    ratio=st.floats(0.1, 2),
)
def test_a_drift_of_the_machine_between_pairs_leaves_the_ratio_alone(speeds, drifts, ratio):
    drifting = [speed * drifts**number for number, speed in enumerate(speeds)]
    pairs = Pairs(tuple(drifting), tuple(speed * ratio for speed in drifting))

    assert pairs.ratio == pytest.approx(ratio, abs=0.001)


def test_a_load_tells_cores_and_milliseconds_per_image():
    load = Load(2)
    load.add(2.0, 300, {JUDGING: 3.0, IDLE: 0.5})
    load.add(2.0, 500, {JUDGING: 3.4, IDLE: 0.3})

    assert load.share(JUDGING) == Share(JUDGING, 1.6, 8.0)


@PATIENT
@given(st.lists(st.floats(0, 0.19), min_size=6, max_size=6))
def test_what_nobody_accounts_for_belongs_to_other_programs(used):
    load = Load(2)
    parts = (JUDGING, MAIN, KAFKA, BROKER, MEASURING, IDLE)
    load.add(1.0, 10, dict(zip(parts, used, strict=True)))

    assert sum(share.cores for share in load.shares()) == pytest.approx(2.0, abs=0.01)


def test_a_part_that_cannot_be_seen_is_not_told_as_nothing():
    load = Load(2)
    load.add(1.0, 10, {JUDGING: 1.0})

    assert [share.part for share in load.shares()] == [JUDGING, OTHERS]


def test_time_is_counted_from_one_reading_to_the_next():
    # A thread that ends takes its time with it: nobody has used less than nothing.
    assert used_between({JUDGING: 5.0, MAIN: 1.0}, {JUDGING: 7.5, MAIN: 0.5, KAFKA: 0.1}) == {
        JUDGING: 2.5,
        MAIN: 0.0,
        KAFKA: 0.1,
    }


@pytest.mark.parametrize(
    ("thread", "name", "kind"),
    [(7, "python", MAIN), (9, "rdk:broker1", KAFKA), (9, "python", JUDGING), (9, "", JUDGING)],
)
def test_threads_are_told_apart(thread, name, kind):
    assert kind_of(7, thread, name) == kind


def test_the_meter_sees_this_process_at_work():
    meter, load = Meter([], None), Load(1)

    with load.measuring(meter, 1):
        while not used_between(before := meter.read(), meter.read())[MEASURING]:
            sum(range(100_000))

    assert before[MEASURING] > 0
    assert load.ms_of(MEASURING) > 0


def form(**changes: object) -> FormReport:
    ten = Spread(9.0, 10.0, 11.0)
    values = {
        "model_version": "driver-0123456789ab",
        "precision": "int8",
        "width": 320,
        "height": 240,
        "bare_one_core": ten,
        "bare_all_cores": ten,
        "whole": ten,
        "whole_over_bare": 0.8,
        "ratios": (0.8, 0.79, 0.81),
        "plain_all_cores": ten,
        "whole_over_plain": 1.1,
        "plain_ratios": (1.1, 1.0, 1.2),
        "shares": (Share(JUDGING, 1.8, 5.0), Share(OTHERS, 0.2, 0.5)),
        "bare_share": Share(MEASURING, 2.0, 4.5),
        "latency_p50_ms": 17.2,
        "latency_p95_ms": 21.2,
        "first_answer_s": Spread(1.1, 1.2, 1.3),
        "heat_cost": 1.02,
        "worker_mib": 128,
        "broker_mib": 177,
    }
    return FormReport(**{**values, **changes})  # type: ignore[arg-type]


def test_what_stops_the_whole_path_is_fewer_cores_times_more_work():
    assert "(x 0.90)" in form().limit()
    assert form().limit().endswith("together x 0.81.")


def test_the_work_of_the_whole_path_is_that_of_all_its_parts():
    shares = tuple(Share(part, 1.0, 2.0) for part in (JUDGING, MAIN, BROKER, OTHERS, IDLE))

    assert form(shares=shares).work_ratio == 0.75


def test_a_run_too_short_to_see_its_threads_says_so():
    assert form(shares=()).limit() == "Too short to tell what stops it."


def test_a_report_has_a_column_for_each_form_of_the_model():
    found = BenchReport(MACHINE, 1000, 3, (form(), form(precision="float32", broker_mib=None)))

    assert {len(line) for line in found.lines()} == {len(found.columns())} == {3}
    assert ("resident: worker, broker", "128 MiB, 177 MiB", "128 MiB, ? MiB") in found.lines()


REPORTS = [
    (BenchReport(MACHINE, 1000, 3, (form(),)), "`vigie bench --images 1000 --rounds 3`"),
    (
        GrowthReport(MACHINE, "driver-01", (Size(1000, 350.4, 128, None),)),
        "`vigie bench --growth 1000`",
    ),
    (
        WorkersReport(
            MACHINE, "driver-01", 2, 50, Spread(1, 2, 3), Spread(2, 3, 4), 1.5, (1.5,), ()
        ),
        "`vigie bench --workers 2 --images 50 --rounds 1`",
    ),
]


@pytest.mark.parametrize(("report", "command"), REPORTS)
def test_written_figures_say_where_they_come_from(report, command):
    first = report.markdown(NOON).splitlines()[0]

    assert first.startswith(
        f"Measured by {command} on 2026-01-02: Some CPU, 2 cores, 4 GiB, Linux 6.1, Python 3.11.0."
    )


@pytest.mark.parametrize(("report", "command"), REPORTS)
def test_no_cell_of_a_written_table_breaks_it(report, command):
    rows = [line for line in report.markdown(NOON).splitlines() if line.startswith("|")]

    assert all(line.endswith("|") and line.count("|") == rows[0].count("|") for line in rows)


@PATIENT
@given(st.integers(1, 10**7))
def test_growth_goes_up_to_what_is_asked_by_tens(largest):
    sizes = sizes_up_to(largest)

    assert sizes[-1] == largest
    assert sizes == sorted(sizes)
    assert sizes[0] == max(1, largest // 100)


def test_the_machine_is_named_by_what_it_is_not_by_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.node", lambda: "secret-host")
    monkeypatch.setattr("platform.release", lambda: "6.1.7-secret-host+")

    found = this_machine()

    assert "secret-host" not in str(found)
    assert found.kernel.endswith(" 6.1.7")
    assert found.cores >= 1


def test_the_processor_is_what_linux_calls_it():
    assert processor_of("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz \nflags\t: fpu\n") == (
        "Some CPU @ 3 GHz"
    )
    assert processor_of("processor\t: 0\nBogoMIPS\t: 50.00\n") is None


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path):
    file = tmp_path / "some.md"
    file.write_text(f"# Title\n\n{PART.begin}\nold\n{PART.end}\n\nProse.\n")

    PART.write(file, markdown_table(("what", "much"), [("speed", 1)]))

    table = "| what | much |\n| --- | --- |\n| speed | 1 |"
    assert file.read_text("utf-8") == f"# Title\n\n{PART.begin}\n{table}\n{PART.end}\n\nProse.\n"


prose = st.text(st.characters(exclude_characters="<", exclude_categories=("Cs",)))


@PATIENT
@given(prose, prose, prose, prose)
def test_what_is_written_twice_is_as_if_written_once(before, old, new, after):
    text = f"{before}{PART.begin}{old}{PART.end}{after}"
    once = PART.replaced(text, new)

    assert PART.replaced(once, new) == once
    assert once == f"{before}{PART.begin}\n{new}\n{PART.end}{after}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        PART.begin,
        PART.end,
        f"{PART.end}{PART.begin}",
        f"{PART.begin}{PART.end}" * 2,
        f"{PART.begin}{PART.begin}{PART.end}",
        f"{PART.begin}{PART.end}{PART.end}",
    ],
)
def test_a_document_without_exactly_one_place_is_refused(text, tmp_path: Path):
    file = tmp_path / "some.md"
    file.write_text(text)

    with pytest.raises(UsageError, match=r"some\.md has no place for figures"):
        PART.write(file, "new")
    assert file.read_text() == text


def test_a_document_that_cannot_be_read_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        PART.check(tmp_path / "missing.md")


@pytest.mark.parametrize("part", [WHOLE_PATH, GROWTH, WORKERS, PAGE], ids=lambda part: part.name)
def test_every_measurement_has_its_place_in_the_documents(part):
    part.check(DOCUMENT)
