"""What a driver may be seen doing. The order is that of the network's outputs."""

from __future__ import annotations

from model.labels import Label

BEHAVIOURS: tuple[Label, ...] = (
    Label("safe", "c0", "Attentive driving", "conduite attentive", is_infraction=False),
    Label("text-right", "c1", "Texting, right hand", "texto main droite", is_infraction=True),
    Label("phone-right", "c2", "Phone call, right hand", "appel main droite", is_infraction=True),
    Label("text-left", "c3", "Texting, left hand", "texto main gauche", is_infraction=True),
    Label("phone-left", "c4", "Phone call, left hand", "appel main gauche", is_infraction=True),
    Label("radio", "c5", "Operating the radio", "autoradio", is_infraction=True),
    Label("drink", "c6", "Drinking or eating", "boisson ou nourriture", is_infraction=True),
    Label("reach", "c7", "Reaching behind", "objet sur la banquette arrière", is_infraction=True),
    Label("hair", "c8", "Hair or make-up", "maquillage ou coiffure", is_infraction=True),
    Label(
        "talk", "c9", "Talking to a passenger", "discussion avec un passager", is_infraction=True
    ),
)
