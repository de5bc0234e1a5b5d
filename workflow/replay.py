"""What the events say the tables must hold: read once, in order, for verify to compare."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OF_ONE_ADDRESSEE = frozenset({"addressee", "way", "received_on", "delivery_note"})
"""Facts of a delivery; they stand in its record, not with the matter."""
ClockKey = tuple[int, str, str, str | None]
PaymentKey = tuple[int, str, str, int]


@dataclass
class Replay:
    """The tables as the events made them.

    Keys: matter or case id (`chains`, `case_nos`: the case number of each); clock (matter id, name, addressee, start);
    payment (case id, item, month, round) with its (amount, state); instrument and delivery (chain, seq of their event);
    print (chain, number, part) with its hash.
    """

    states: dict[int, str] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    facts: dict[int, dict[str, Any]] = field(default_factory=dict)
    case_facts: dict[int, dict[str, Any]] = field(default_factory=dict)
    clocks: dict[ClockKey, dict[str, Any]] = field(default_factory=dict)
    deliveries: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)
    payments: dict[PaymentKey, tuple[str, str]] = field(default_factory=dict)
    instruments: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)
    prints: dict[tuple[str, str, str], str] = field(default_factory=dict)
    chains: dict[int, str] = field(default_factory=dict)
    case_nos: dict[int, str] = field(default_factory=dict)
    rounds: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def read(self, events: Iterable[Any]) -> Replay:
        """Take in events (chain, seq, kind, case_id, matter_id, to_state, payload) in the order of their chains.

        An event whose payload cannot be read is passed over: its own hash tells.
        """
        readers = {
            "case:opened": self._placed, "case:imported": self._placed, "matter:performed": self._performed, "case:filled": self._filled,
            "clock:reminded": self._reminded, "document:delivered": self._delivered, "document:printed": self._printed,
            "definition:migrated": self._migrated, "clock:moved": self._moved,
        }  # fmt: skip
        for event in events:
            if event.kind not in readers:
                continue
            try:
                payload = json.loads(event.payload)
                readers[event.kind](event, payload)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return self

    def _placed(self, event: Any, payload: Mapping[str, Any]) -> None:
        self.case_facts[event.case_id], self.case_nos[event.case_id] = dict(payload["facts"]), event.chain
        for matter in payload["matters"]:
            self._opened(event.chain, matter)

    def _opened(self, chain: str, matter: Mapping[str, Any]) -> None:
        key = matter["id"]
        self.chains[key], self.states[key], self.versions[key], self.facts[key] = (
            chain,
            matter["state"],
            1,
            dict(matter["facts"]),
        )
        self._clocks(matter["id"], matter["clocks"])

    def _performed(self, event: Any, payload: Mapping[str, Any]) -> None:
        key, facts = event.matter_id, dict(payload["facts"])
        self.states[key], self.versions[key] = event.to_state, payload["version"]
        if "addressee" in facts and "way" in facts:
            self.deliveries[(event.chain, event.seq)] = facts
            facts = {k: v for k, v in facts.items() if k not in OF_ONE_ADDRESSEE}
        if "diagnosed_on" in facts:  # a diagnosis watched here is kept with the case
            number = facts.get("certificate") or facts.get("da_number")
            told = {
                "diagnosed_on": facts.pop("diagnosed_on"),
                "disease": facts.get("disease_name"),
                "certificate_no": number,
            }
            known = self.case_facts.get(event.case_id, {})
            self.case_facts[event.case_id] = {**known, **{k: v for k, v in told.items() if v}}
        self.facts[key] = {**self.facts.get(key, {}), **facts, **payload["made"]}
        self._clocks(key, payload["clocks"])
        for matter in payload.get("opened", ()):
            self._opened(event.chain, matter)
        for matter in payload.get("moved", ()):
            self._clocks(matter["id"], matter["clocks"])
        self._paid(event.case_id, payload)
        if "instrument" in payload:
            self.instruments[(event.chain, event.seq)] = payload["instrument"]

    def _paid(self, case_id: int, payload: Mapping[str, Any]) -> None:
        for back in payload.get("returned", ()):
            what = (case_id, back["item"], back["month"])
            for n in range(1, self.rounds[what] + 1):
                self.payments[(*what, n)] = (self.payments[(*what, n)][0], "returned")
        for paid in payload["made"].get("last_payment") or ():
            what = (case_id, paid["item"], paid["month"])
            self.rounds[what] += 1
            self.payments[(*what, self.rounds[what])] = (paid["amount"], "paid")

    def _filled(self, event: Any, payload: Mapping[str, Any]) -> None:
        if event.matter_id is None:
            facts = {k: v for k, v in payload["facts"].items() if k not in ("phone", "address", "occupation")}
            self.case_facts[event.case_id] = {**self.case_facts.get(event.case_id, {}), **facts}
            return
        self.versions[event.matter_id] += 1
        self.facts[event.matter_id] = {**self.facts.get(event.matter_id, {}), **payload["facts"]}
        self._clocks(event.matter_id, payload["clocks"])

    def _clocks(self, matter_id: int, clocks: Iterable[Mapping[str, Any]]) -> None:
        for c in clocks:
            listed = (matter_id, c["name"], c["addressee"], None)
            if c["start_on"] is not None and self.clocks.get(listed, {}).get("state") == "unstarted":
                del self.clocks[listed]  # a listed clock that begins to run keeps its row
            self.clocks[(matter_id, c["name"], c["addressee"], c["start_on"])] = dict(c)

    def _reminded(self, event: Any, payload: Mapping[str, Any]) -> None:
        said = self.clocks[(event.matter_id, payload["clock"], payload["addressee"], payload["start_on"])]
        said["due_on"] = payload["next_due"]

    def _moved(self, event: Any, payload: Mapping[str, Any]) -> None:
        """A holiday notice gave a running clock another day."""
        said = self.clocks[(event.matter_id, payload["clock"], payload["addressee"], payload["start_on"])]
        said["due_on"] = payload["new"]["due_on"]

    def _migrated(self, event: Any, payload: Mapping[str, Any]) -> None:
        """The case went on under another version: states may be called otherwise, clocks have other days or another start."""
        for matter in payload["matters"]:
            key = matter["id"]
            self.states[key], self.versions[key] = matter["to_state"], matter["version"]
            for c in matter["clocks"]:
                if c["was"] is not None:
                    self.clocks.pop((key, c["name"], c["addressee"], c["was"]["start_on"]), None)
            self._clocks(key, matter["clocks"])

    def _delivered(self, event: Any, payload: Mapping[str, Any]) -> None:
        self.deliveries[(event.chain, event.seq)] = payload["facts"]

    def _printed(self, event: Any, payload: Mapping[str, Any]) -> None:
        self.prints[(event.chain, payload["number"], payload["part"])] = payload["sha256"]
