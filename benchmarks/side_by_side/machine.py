"""Whatever is done, in whatever order and through whichever door: both doors show what the model says."""

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from benchmarks.side_by_side import counts, drawn, lists, rules
from benchmarks.side_by_side.doors import Place
from benchmarks.side_by_side.drawn import MANNER, Manner
from benchmarks.side_by_side.model import CURRENCIES, Carrier, Row, merged, seconds
from benchmarks.side_by_side.reading import Reading
from benchmarks.side_by_side.writing import Writing

ANY = st.integers(0, 29)
"""Which of the rows that there are, or were."""
OWNER = st.sampled_from([0, 0, 0, 1, 2])
EVENTS = {"sent": "message.sent", "delivered": "message.delivered"}


@dataclass(frozen=True)
class Step:
    """The row, which of the states that it may change to, and a duration."""

    number: int
    state: int
    duration: int | None


class SideBySide(RuleBasedStateMachine):
    """Three carriers, to whose rows things are done; rows that were deleted are asked for again."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.carriers = [
            Carrier(name, *place.carrier(country, CURRENCIES[country][0]), country)
            for name, country in (("ours", "CA"), ("theirs", "KH"), ("others", "JP"))
        ]
        self.writing, self.reading = Writing(self.carriers), Reading(self.carriers)

    @initialize()
    def first_rows(self) -> None:
        """Something of each kind, so that every rule has something to act on."""
        party = {"to": "1294", "from": "2442", "direction": "inbound", "created_at": None}
        for owner in (0, 1):
            self.create_account(owner, {"name": "First"}, drawn.PLATFORM, customers=False)
        self.create_number(0, {"number": "+12025550123", "type": "local"}, drawn.PLATFORM)
        self.record_call(0, {**party, "status": "queued", "duration": None}, None)
        self.record_message(0, {**party, "status": "sent", "body": "Hello World"})

    @rule(owner=OWNER, given=drawn.ACCOUNT, how=MANNER, customers=st.sampled_from([False, False, True]))
    def create_account(self, owner: int, given: dict[str, Any], how: Manner, *, customers: bool) -> None:
        carrier = self.carriers[owner]
        if customers:  # which the platform alone creates
            self.create_customers_account(carrier)
            return
        answer = self.writing.create(carrier, "accounts", given, how)
        malformed = not isinstance(given.get("name"), str)  # GraphQL has to be given a text
        if self.writing.refused(answer, rules.account_problems(given, new=True), how, malformed=malformed):
            self.reading.everything(carrier)
        else:
            self.created(carrier, "accounts", answer.row, how, _account(given, carrier))

    def create_customers_account(self, carrier: Carrier) -> None:
        given = {"name": "Rocket Rides", "type": "customer_managed"}
        told = given | {"carrier_id": carrier.id}
        shown = self.writing.platform(self.place, "createAccount", "accounts", told, [])
        attributes = _account(given, carrier) | {"auth_token": None}
        self.created(carrier, "accounts", shown, drawn.PLATFORM, attributes)

    @rule(number=ANY, given=drawn.ACCOUNT, status=drawn.STATUS, how=MANNER)
    def update_account(self, number: int, given: dict[str, Any], status: dict[str, Any], how: Manner) -> None:
        account, given = self.one(number, "accounts"), given | status
        changes = dict(given)
        if isinstance(given.get("metadata"), dict):
            changes["metadata"] = merged(account.attributes["metadata"], given["metadata"])
        own = rules.account_problems(given, new=False)
        self.changed(account, given, own, rules.account_row_problems(given, account), changes, how)

    @rule(number=ANY, how=MANNER)
    def delete(self, number: int, how: Manner) -> None:
        row = self.one(number, "accounts", "phone_numbers")
        held = row.is_used() if row.kind.path == "accounts" else row.related["account"] is not None
        if self.writing.delete(row, [("id", "RESTRICTED")] if held else [], how):
            row.gone = True
            for call in row.carrier.rows["phone_calls"]:
                if call.related["phone_number"] is row:
                    call.related["phone_number"] = None  # it stays, without its number
            lists.around(row, how.door)
        self.reading.row(row)

    @rule(owner=OWNER, given=drawn.NEW_NUMBER, how=MANNER)
    def create_number(self, owner: int, given: dict[str, Any], how: Manner) -> None:
        carrier = self.carriers[owner]
        answer = self.writing.create(carrier, "phone_numbers", given, how)
        own = list(rules.number_problems(given, new=True))
        of_row = [] if own else list(rules.new_number_problems(given, carrier))
        if self.writing.refused(answer, own, how, of_row):
            self.reading.everything(carrier)
        else:
            attributes = _number(given, carrier)
            self.created(carrier, "phone_numbers", answer.row, how, attributes, account=None)

    @rule(number=ANY, given=drawn.CHANGED_NUMBER, how=MANNER)
    def update_number(self, number: int, given: dict[str, Any], how: Manner) -> None:
        row = self.one(number, "phone_numbers")
        own = list(rules.number_problems(given, new=False))
        changes = {name: value for name, value in given.items() if name != "number"}
        self.changed(row, given, own, rules.number_row_problems(given, row), changes, how)

    @rule(number=ANY, account=st.none() | ANY, own=st.sampled_from([True, True, False]))
    def assign_or_release_number(self, number: int, account: int | None, *, own: bool) -> None:
        row, to = self.one(number, "phone_numbers"), None
        if account is not None:
            there = row.carrier.listed("accounts") if own else []
            to = there[account % len(there)] if there else self.one(account, "accounts")
        given = {"id": row.id, "account_id": to and to.id}
        name = "assignPhoneNumber" if to else "releasePhoneNumber"
        problems = rules.assignment_problems(row, to)
        shown = self.writing.platform(self.place, name, "phone_numbers", given, problems)
        if shown:
            row.related["account"] = to
            self.writing.learn_change(row, shown)
        self.reading.row(row)

    @rule(account=ANY, given=drawn.CALL, number=st.none() | ANY)
    def record_call(self, account: int, given: dict[str, Any], number: int | None) -> None:
        ended = given["status"] in rules.ENDED
        duration = given["duration"] if ended else None
        used = None if number is None else self.one(number, "phone_numbers")
        related = {"account": self.one(account, "accounts"), "phone_number": used}
        row = self.recorded("recordPhoneCall", "phone_calls", given | {"duration": duration}, related)
        if row:
            row.attributes["duration"] = (duration or 0) if ended else None
            row.attributes["status"] = given["status"] or "queued"
            row.answered = given["status"] in ("in-progress", "completed")
            self.checked(row, "phone_call.completed" if ended else None)

    @rule(account=ANY, given=drawn.MESSAGE)
    def record_message(self, account: int, given: dict[str, Any]) -> None:
        related: dict[str, Row | None] = {"account": self.one(account, "accounts")}
        row = self.recorded("recordMessage", "messages", given, related)
        if row:
            first = "received" if given["direction"] == "inbound" else "accepted"
            row.attributes["status"] = given["status"] or first
            self.checked(row, EVENTS.get(row.attributes["status"]))

    @rule(step=st.builds(Step, ANY, ANY, st.none() | st.integers(0, 100)))
    def change_status(self, step: Step) -> None:
        """Each step that must be refused, then one that may be taken.

        One argument: Hypothesis takes the rule with the fewest more often than the others.
        """
        row = self.one(step.number, "phone_calls", "messages")
        right, wrong = rules.next_states(row)
        for status in wrong:
            self.step(row, status, step.duration, [("status", "CONFLICT")])
        taken = right[step.state % len(right)] if right else None
        self.checked(row, taken and self.step(row, taken, step.duration, []))

    def step(self, row: Row, status: str, duration: int | None, problems: Any) -> str | None:
        """The event that the step writes."""
        is_call = row.kind.path == "phone_calls"
        ended = is_call and status in rules.ENDED
        given = {"id": row.id, "status": status, "duration": duration if ended else None}
        name = "changePhoneCallStatus" if is_call else "changeMessageStatus"
        shown = self.writing.platform(self.place, name, row.kind.path, given, problems)
        if shown is None:
            return None
        row.attributes |= {"status": status} | ({"duration": duration or 0} if ended else {})
        row.answered = row.answered or status == "in-progress"
        self.writing.learn_change(row, shown)
        return ("phone_call.completed" if ended else None) if is_call else EVENTS.get(status)

    @rule(number=ANY, given=drawn.PRICE, how=MANNER)
    def update_price(self, number: int, given: dict[str, Any], how: Manner) -> None:
        row = self.one(number, "phone_calls", "messages")
        changes = given | {"price_unit": row.carrier.currency} if given else {}
        self.changed(row, given, rules.charge_problems(given), [], changes, how)

    @rule(
        number=ANY,
        voice=st.sampled_from([None, None, "Basic.Slt", "Nobody"]),
        characters=st.sampled_from([-1, 0, 5]),
    )
    def record_tts_event(self, number: int, voice: str | None, characters: int) -> None:
        call = self.one(number, "phone_calls")
        problems = [("voice", "INVALID")] if voice == "Nobody" else []
        problems += [("characters", "INVALID")] if characters < 0 else []
        given = {"phone_call_id": call.id, "voice": voice, "characters": characters}
        shown = self.writing.platform(self.place, "recordTtsEvent", "tts_events", given, problems)
        if shown:
            account = call.related["account"]
            spoken = voice or (account and account.attributes["default_tts_voice"])
            attributes = {"voice": f"{spoken} ({rules.VOICES[str(spoken)]})", "characters": characters}
            made = call.carrier.add("tts_events", attributes, account=account, phone_call=call)
            self.writing.learn(made, shown)
        self.reading.everything(call.carrier)

    # What is read, beside what every rule reads

    @rule(owner=OWNER, asked=st.lists(lists.ASKED, min_size=3, max_size=6))
    def walk_lists(self, owner: int, asked: list[lists.Asked]) -> None:
        for one in asked:
            lists.walk(self.carriers, self.carriers[owner], one)
        for path in ("phone_calls", "messages", "tts_events"):
            lists.of_one_day(self.carriers, self.carriers[owner], path)

    @rule(
        owner=OWNER,
        asked=st.lists(counts.COUNTED, min_size=1, max_size=2),
        group=st.sampled_from(["status", "direction", "account"]),
    )
    def count_and_read_everything(self, owner: int, asked: list[counts.Counted], group: str) -> None:
        for one in asked:
            counts.count_numbers(self.carriers[owner], one)
        counts.count_calls(self.carriers[owner], group)
        self.reading.everything(self.carriers[owner])
        self.reading.every_list(self.carriers[owner])

    @rule(number=ANY, which=ANY)
    def send_nonsense(self, number: int, which: int) -> None:
        row = self.one(number, "accounts", "phone_numbers", "phone_calls", "messages")
        self.writing.nonsense(row, which)
        self.reading.row(row)

    # What the rules have in common

    def one(self, number: int, *paths: str) -> Row:
        """One of the rows of these kinds that there are, or were, of whichever carrier."""
        rows = [row for carrier in self.carriers for path in paths for row in carrier.rows[path]]
        return sorted(rows, key=lambda row: row.number)[number % len(rows)]

    def created(
        self,
        carrier: Carrier,
        path: str,
        shown: dict[str, Any],
        how: Manner,
        attributes: dict[str, Any],
        **related: Any,
    ) -> None:
        row = carrier.add(path, attributes, **related)
        self.writing.learn(row, shown, door=how.door)
        self.reading.row(row)

    def changed(
        self, row: Row, given: dict[str, Any], own: Any, of_row: Any, changes: dict[str, Any], how: Manner
    ) -> None:
        shown = self.writing.update(row, given, list(own), how, list(of_row))
        if shown is not None:
            row.attributes |= _stored(changes)
            self.writing.learn_change(row, shown, door=how.door, may_move=bool(given))
        self.reading.row(row)

    def recorded(
        self, name: str, path: str, given: dict[str, Any], related: dict[str, Row | None]
    ) -> Row | None:
        """A call or a message as it was reported; None where what it speaks of is not there."""
        account, number = related["account"], related.get("phone_number")
        assert account is not None
        problems = [("account_id", "NOT_FOUND")] if account.gone else []
        if number and not problems and (number.gone or number.carrier is not account.carrier):
            problems.append(("phone_number_id", "NOT_FOUND"))
        told = given | {f"{kind}_id": row.id for kind, row in related.items() if row}
        shown = self.writing.platform(self.place, name, path, told, problems)
        if shown is None:
            self.reading.everything(account.carrier)
            return None
        attributes = {"price": None, "price_unit": None, **given}
        attributes |= {side: rules.canonical(given[side]) for side in ("to", "from")}
        row = account.carrier.add(path, attributes, **related)
        row.history = attributes["created_at"] is not None
        row.id = shown["id"]
        row.attributes["created_at"] = seconds(shown["createdAt"])
        row.attributes["updated_at"] = seconds(shown["updatedAt"])
        assert given["created_at"] in (None, row.attributes["created_at"])
        return row

    def checked(self, row: Row, event: str | None) -> None:
        """Both doors show the row, and the event that it wrote, with the row as it is now."""
        if event:
            row.carrier.add("events", {"type": event, "details": deepcopy({"data": row.rest()})})
        self.reading.row(row)


def _account(given: dict[str, Any], carrier: Carrier) -> dict[str, Any]:
    defaults = {"metadata": {}, "status": "enabled", "type": "carrier_managed", "billing_enabled": False}
    defaults |= {"billing_mode": "prepaid", "default_tts_voice": "Basic.Kal"}
    return defaults | given | {"billing_currency": carrier.currency}


def _number(given: dict[str, Any], carrier: Carrier) -> dict[str, Any]:
    empty = ("locality", "rate_center", "lata", "latitude", "longitude", "region")
    stored = {**dict.fromkeys(empty), "metadata": {}, "price": Decimal(0), **_stored(given)}
    visibility = given.get("visibility", "public" if stored["price"] > 0 else "private")
    known = {"number": rules.canonical(given["number"]), "country": rules.country_of(given, carrier)}
    return stored | known | {"visibility": visibility, "currency": carrier.currency}


def _stored(given: dict[str, Any]) -> dict[str, Any]:
    """What is kept of right values: exact numbers, and codes in upper case."""
    kept = dict(given)
    for name, value in given.items():
        if name in ("price", "latitude", "longitude") and value is not None:
            kept[name] = Decimal(str(value))
        elif name in ("country", "region", "rate_center") and value is not None:
            kept[name] = value.upper()
    return kept
