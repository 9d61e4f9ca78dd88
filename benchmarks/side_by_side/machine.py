"""Whatever is done, in whatever order and through whichever door: both doors show what the model says."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from benchmarks.side_by_side import counts, drawn, lists, rules
from benchmarks.side_by_side.doors import Place
from benchmarks.side_by_side.drawn import MANNER, Manner
from benchmarks.side_by_side.model import CURRENCIES, Carrier, Row, merged, seconds
from benchmarks.side_by_side.reading import Reading
from benchmarks.side_by_side.writing import Writing

OWNER = st.sampled_from([0, 0, 0, 1, 2])
STEP = st.tuples(st.sampled_from([True, True, False]), st.integers(0, 30))
EVENTS = {"sent": "message.sent", "delivered": "message.delivered"}


class SideBySide(RuleBasedStateMachine):
    """Rows of three carriers; those that were deleted stay in the bundles, to be asked for again."""

    accounts: Bundle[Row] = Bundle("accounts")
    numbers: Bundle[Row] = Bundle("numbers")
    calls: Bundle[Row] = Bundle("calls")
    messages: Bundle[Row] = Bundle("messages")
    kept: Bundle[Row] = Bundle("kept")
    """Accounts and numbers, which may be deleted."""
    charged: Bundle[Row] = Bundle("charged")
    """Calls and messages, which have a price."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.carriers = [
            Carrier(name, *place.carrier(country, CURRENCIES[country][0]), country)
            for name, country in (("ours", "CA"), ("theirs", "KH"), ("others", "JP"))
        ]
        self.writing, self.reading = Writing(self.carriers), Reading(self.carriers)

    @initialize(targets=(accounts, kept))
    def first_accounts(self) -> Any:
        return multiple(*[self.create_account(n, {"name": "First"}, drawn.PLATFORM) for n in (0, 1)])

    @initialize(targets=(numbers, kept))
    def first_numbers(self) -> Any:
        given = {"number": "+12025550123", "type": "local"}
        return multiple(*[self.create_number(n, given, drawn.PLATFORM) for n in (0, 1)])

    @rule(targets=(accounts, kept), owner=OWNER, given=drawn.ACCOUNT, how=MANNER)
    def create_account(self, owner: int, given: dict[str, Any], how: Manner) -> Any:
        carrier = self.carriers[owner]
        answer = self.writing.create(carrier, "accounts", given, how)
        malformed = not isinstance(given.get("name"), str)  # GraphQL has to be given a text
        if self.writing.refused(answer, rules.account_problems(given, new=True), how, malformed=malformed):
            self.reading.everything(carrier)
            return multiple()
        return self.created(carrier, "accounts", answer.row, how, _account(given, carrier))

    @rule(targets=(accounts, kept), owner=OWNER)
    def create_customer_managed_account(self, owner: int) -> Any:
        carrier = self.carriers[owner]
        given = {"carrier_id": carrier.id, "name": "Rocket Rides", "type": "customer_managed"}
        shown = self.writing.platform(self.place, "createAccount", "accounts", given, [])
        made = _account({"name": "Rocket Rides"}, carrier) | {"type": "customer_managed", "auth_token": None}
        return self.created(carrier, "accounts", shown, drawn.PLATFORM, made)

    @rule(account=accounts, given=drawn.ACCOUNT, status=drawn.STATUS, how=MANNER)
    def update_account(
        self, account: Row, given: dict[str, Any], status: dict[str, Any], how: Manner
    ) -> None:
        given = given | status
        changes = dict(given)
        if isinstance(given.get("metadata"), dict):
            changes["metadata"] = merged(account.attributes["metadata"], given["metadata"])
        own = rules.account_problems(given, new=False)
        self.changed(account, given, own, rules.account_row_problems(given, account), changes, how)

    @rule(row=kept, how=MANNER)
    def delete(self, row: Row, how: Manner) -> None:
        held = row.is_used() if row.kind.path == "accounts" else row.related["account"] is not None
        if self.writing.delete(row, [("id", "RESTRICTED")] if held else [], how):
            row.gone = True
            for call in row.carrier.rows["phone_calls"]:
                if call.related["phone_number"] is row:
                    call.related["phone_number"] = None  # it stays, without its number
        self.reading.row(row)

    @rule(targets=(numbers, kept), owner=OWNER, given=drawn.NEW_NUMBER, how=MANNER)
    def create_number(self, owner: int, given: dict[str, Any], how: Manner) -> Any:
        carrier = self.carriers[owner]
        answer = self.writing.create(carrier, "phone_numbers", given, how)
        own = list(rules.number_problems(given, new=True))
        of_row = [] if own else list(rules.new_number_problems(given, carrier))
        if ("number", "TAKEN") in of_row and len(of_row) > 1:
            of_row.remove(("number", "TAKEN"))  # it is looked for once all is right
        if self.writing.refused(answer, own, how, of_row):
            self.reading.everything(carrier)
            return multiple()
        attributes = _number(given, carrier)
        return self.created(carrier, "phone_numbers", answer.row, how, attributes, account=None)

    @rule(number=numbers, given=drawn.CHANGED_NUMBER, how=MANNER)
    def update_number(self, number: Row, given: dict[str, Any], how: Manner) -> None:
        own = list(rules.number_problems(given, new=False))
        changes = {name: value for name, value in given.items() if name != "number"}
        self.changed(number, given, own, rules.number_row_problems(given, number), changes, how)

    @rule(number=numbers, account=accounts)
    def assign_number(self, number: Row, account: Row) -> None:
        holder = number.related["account"]
        problems = []
        if number.gone:
            problems = [("id", "NOT_FOUND")]
        elif account.gone or account.carrier is not number.carrier:
            problems = [("account_id", "NOT_FOUND")]
        elif (holder and holder is not account) or number.attributes["visibility"] == "disabled":
            problems = [("id", "CONFLICT")]
        given = {"id": number.id, "account_id": account.id}
        shown = self.writing.platform(self.place, "assignPhoneNumber", "phone_numbers", given, problems)
        if shown:
            number.related["account"] = account
            self.writing.learn_change(number, shown)
        self.reading.row(number)

    @rule(number=numbers)
    def release_number(self, number: Row) -> None:
        problems = [("id", "NOT_FOUND")] if number.gone else []
        given = {"id": number.id}
        shown = self.writing.platform(self.place, "releasePhoneNumber", "phone_numbers", given, problems)
        if shown:
            number.related["account"] = None
            self.writing.learn_change(number, shown)
        self.reading.row(number)

    @rule(targets=(calls, charged), account=accounts, given=drawn.CALL, number=st.none() | st.integers(0, 9))
    def record_call(self, account: Row, given: dict[str, Any], number: int | None) -> Any:
        ended = given["status"] in rules.ENDED
        duration = given["duration"] if ended else None
        given = given | {"duration": duration}
        there = [row for carrier in self.carriers for row in carrier.rows["phone_numbers"]]
        used = there[number % len(there)] if number is not None and there else None
        related = {"account": account, "phone_number": used}
        row = self.recorded("recordPhoneCall", "phone_calls", given, related)
        if row is None:
            return multiple()
        row.attributes["duration"] = (duration or 0) if ended else None
        row.attributes["status"] = given["status"] or "queued"
        row.answered = given["status"] in ("in-progress", "completed")
        self.checked(row, "phone_call.completed" if ended else None)
        return row

    @rule(targets=(messages, charged), account=accounts, given=drawn.MESSAGE)
    def record_message(self, account: Row, given: dict[str, Any]) -> Any:
        row = self.recorded("recordMessage", "messages", given, {"account": account})
        if row is None:
            return multiple()
        row.attributes["status"] = given["status"] or (
            "received" if given["direction"] == "inbound" else "accepted"
        )
        self.checked(row, EVENTS.get(row.attributes["status"]))
        return row

    @rule(call=calls, chosen=STEP, duration=st.none() | st.integers(0, 100))
    def change_call_status(self, call: Row, chosen: tuple[bool, int], duration: int | None) -> None:
        status = rules.step(call, *chosen)
        ended = status in rules.ENDED
        given = {"id": call.id, "status": status, "duration": duration if ended else None}
        problems = list(rules.step_problems(call, given))
        shown = self.writing.platform(self.place, "changePhoneCallStatus", "phone_calls", given, problems)
        if shown:
            call.attributes |= {"status": status, "duration": (duration or 0) if ended else None}
            call.answered = call.answered or status == "in-progress"
            self.writing.learn_change(call, shown)
        self.checked(call, "phone_call.completed" if shown and ended else None)

    @rule(message=messages, chosen=STEP)
    def change_message_status(self, message: Row, chosen: tuple[bool, int]) -> None:
        status = rules.step(message, *chosen)
        given = {"id": message.id, "status": status}
        problems = list(rules.step_problems(message, given))
        shown = self.writing.platform(self.place, "changeMessageStatus", "messages", given, problems)
        if shown:
            message.attributes["status"] = status
            self.writing.learn_change(message, shown)
        self.checked(message, EVENTS.get(status) if shown else None)

    @rule(row=charged, given=drawn.PRICE, how=MANNER)
    def update_price(self, row: Row, given: dict[str, Any], how: Manner) -> None:
        changes = given | {"price_unit": row.carrier.currency} if given else {}
        self.changed(row, given, rules.charge_problems(given), [], changes, how)

    @rule(call=calls, voice=st.sampled_from([None, "Basic.Slt", "Nobody"]), characters=st.integers(-1, 5))
    def record_tts_event(self, call: Row, voice: str | None, characters: int) -> None:
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

    @rule()
    def read_everything(self) -> None:
        for carrier in self.carriers:
            self.reading.everything(carrier)
            self.reading.every_list(carrier)

    @rule(owner=OWNER, asked=lists.ASKED)
    def walk_a_list(self, owner: int, asked: lists.Asked) -> None:
        lists.walk(self.carriers, self.carriers[owner], asked)

    @rule(owner=OWNER, asked=counts.COUNTED)
    def count_numbers(self, owner: int, asked: counts.Counted) -> None:
        counts.count_numbers(self.carriers[owner], asked)

    @rule(owner=OWNER, group=st.sampled_from(["status", "direction", "account"]))
    def count_calls(self, owner: int, group: str) -> None:
        counts.count_calls(self.carriers[owner], group)

    @rule(row=kept, charged=charged, odd=st.booleans(), number=st.integers(0, 30))
    def send_nonsense(self, row: Row, charged: Row, odd: bool, number: int) -> None:
        sent_to = charged if odd else row
        self.writing.nonsense(sent_to, number)
        self.reading.row(sent_to)

    # What the rules have in common

    def created(
        self,
        carrier: Carrier,
        path: str,
        shown: dict[str, Any],
        how: Manner,
        attributes: dict[str, Any],
        **related: Any,
    ) -> Row:
        row = carrier.add(path, attributes, **related)
        self.writing.learn(row, shown, door=how.door)
        self.reading.row(row)
        return row

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
