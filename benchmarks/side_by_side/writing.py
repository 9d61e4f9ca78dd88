"""Writes, and whether they are answered as the model says."""

from typing import Any

from benchmarks.side_by_side.doors import Answer, Door, Place, agree
from benchmarks.side_by_side.drawn import Manner
from benchmarks.side_by_side.model import KINDS, Carrier, Row, exact, seconds
from benchmarks.side_by_side.rules import MALFORMED

UNKNOWN = "01a20cf1-5494-7661-80e5-a36c7ce8de20"
NO_MATCH = frozenset({("If-Match", "PRECONDITION_FAILED")})
NOT_FOUND = frozenset({("id", "NOT_FOUND")})


class Writing:
    def __init__(self, carriers: list[Carrier]) -> None:
        self.carriers = carriers

    def create(self, carrier: Carrier, path: str, given: dict[str, Any], how: Manner) -> Answer:
        kind, door = KINDS[path], carrier.door
        if how.door == "rest":
            body = {"data": {"type": kind.type, "attributes": given}}
            return door.write("POST", path, body, twice=how.twice)
        return door.mutate(f"create{_capital(kind.one)}", kind.one, given, kind.selection, twice=how.twice)

    def update(self, row: Row, given: dict[str, Any], own: Any, how: Manner, of_row: Any = ()) -> Any:
        """The row as the door shows it; None where the write was refused, as it had to be."""
        body = {"data": {"type": row.kind.type, "id": row.id, "attributes": given}}
        return self._write(row, "PATCH", body, f"update{_capital(row.kind.one)}", given, own, how, of_row)

    def delete(self, row: Row, problems: Any, how: Manner) -> Any:
        return self._write(row, "DELETE", None, f"delete{_capital(row.kind.one)}", {}, [], how, problems)

    def _write(
        self,
        row: Row,
        method: str,
        body: Any,
        name: str,
        given: dict[str, Any],
        own: Any,
        how: Manner,
        of_row: Any,
    ) -> Any:
        door = self.door(row, how)
        match = how.match if how.door == "rest" else None
        if how.door == "rest":
            headers = {"If_Match": self._tag(row, match)} if match else {}
            answer = door.write(method, row.path, body, twice=how.twice, **headers)
        else:
            told = given | {"id": row.id}
            answer = door.mutate(name, row.kind.one, told, row.kind.selection, twice=how.twice)
        missing = row.gone or how.stranger
        if match == "stale" and not missing:
            agree((answer.problems, answer.status), (NO_MATCH, 412), row)
        elif missing and own:  # whether that or the row's absence is told is left open
            assert answer.row is None
        else:
            self.refused(answer, own, how, NOT_FOUND if missing else of_row)
        return answer.row

    def door(self, row: Row, how: Manner) -> Door:
        others = [carrier for carrier in self.carriers if carrier is not row.carrier]
        return others[0].door if how.stranger else row.carrier.door

    def _tag(self, row: Row, match: str) -> str:
        """A tag of the row as it is, or of how it was; one that it never had where it was never changed."""
        if match == "*" or row.gone:
            return "*"
        shown = row.carrier.door.rest("GET", row.path)
        stale = [tag for tag, text in row.tags.items() if text != shown.text]
        return shown.headers["ETag"] if match == "present" else (stale or ['W/"other"'])[-1]

    def refused(
        self, answer: Answer, own: Any, how: Manner, of_row: Any = (), *, malformed: bool = False
    ) -> bool:
        """Whether the write had to be refused; it was answered so, with all that is wrong.

        `own` is what is wrong with the input by itself; the row is not looked at where a value is malformed.
        """
        found, kept = dict(own), dict(of_row)
        is_malformed = malformed or MALFORMED in found.values()
        if how.door == "graphql" and is_malformed:
            assert answer.malformed, answer
            return True
        assert not answer.malformed
        expected = {(field, "INVALID" if code == MALFORMED else code) for field, code in found.items()}
        whole = expected | {(field, code) for field, code in kept.items() if field not in found}
        agree(answer.problems, expected if is_malformed else whole, answer)
        if how.door == "rest" and whole:
            agree(answer.status, 404 if whole == NOT_FOUND else 422, answer)
        return bool(whole)

    def platform(self, place: Place, name: str, path: str, given: dict[str, Any], problems: Any) -> Any:
        """What the platform's mutation shows; None where it was refused, as it had to be."""
        kind = KINDS[path]
        told = {field: value for field, value in given.items() if value is not None}
        answer = place.platform.mutate(name, kind.one, told, kind.selection)
        assert not answer.malformed, (name, told, answer)
        agree(answer.problems, set(problems), (name, told))
        return answer.row

    def learn(self, row: Row, shown: dict[str, Any], door: str = "graphql") -> None:
        """Take what only the service knows of a new row, and compare the rest."""
        row.id = shown["id"]
        seen = shown["attributes"] if door == "rest" else shown
        names = ("created_at", "updated_at") if door == "rest" else ("createdAt", "updatedAt")
        row.attributes |= {"created_at": seconds(seen[names[0]]), "updated_at": seconds(seen[names[1]])}
        agree(seen[names[0]], seen[names[1]], row)
        if row.kind.path == "accounts" and "auth_token" not in row.attributes:
            token = seen["auth_token" if door == "rest" else "authToken"]
            assert token
            row.attributes["auth_token"] = token
        self.same(row, shown, door)

    def learn_change(
        self, row: Row, shown: dict[str, Any], door: str = "graphql", *, may_move: bool = True
    ) -> None:
        updated = seconds(shown["attributes"]["updated_at"] if door == "rest" else shown["updatedAt"])
        before = row.attributes["updated_at"]
        assert updated >= before if may_move else updated == before
        row.attributes["updated_at"] = updated
        self.same(row, shown, door)

    def same(self, row: Row, shown: dict[str, Any], door: str) -> None:
        if door == "rest":
            agree(shown, row.rest(), row)
        else:
            agree(exact(shown), row.graphql(), row)

    def nonsense(self, row: Row, number: int) -> None:
        """What no client should send: one of these is refused with its status."""
        data = {"type": row.kind.type, "id": row.id, "attributes": {"name": "nonsense", "price": "-9"}}
        writes: list[tuple[int, str, str, Any]] = [
            (400, "PATCH", row.path, b"{"),
            (400, "PATCH", row.path, b"\xff"),
            (422, "PATCH", row.path, {"data": []}),
            (422, "PATCH", row.path, {}),
            (422, "PATCH", row.path, {"data": data | {"attributes": []}}),
            (409, "PATCH", row.path, {"data": data | {"type": "event"}}),
            (409, "PATCH", row.path, {"data": data | {"id": UNKNOWN}}),
            (422, "PATCH", row.path, {"data": {name: data[name] for name in ("id", "attributes")}}),
            (422, "PATCH", row.path, {"data": {name: data[name] for name in ("type", "attributes")}}),
            (404, "PATCH", f"{row.kind.path}/{UNKNOWN}", {"data": {"type": row.kind.type, "id": UNKNOWN}}),
            (404, "PATCH", f"{row.kind.path}/7", {"data": {"type": row.kind.type, "id": "7"}}),
            (405, "PUT", row.path, {"data": data}),
            (405, "POST", row.path, {"data": data}),
            (405, "DELETE", row.kind.path, None),
            (404, "PATCH", f"{row.path}/more", {"data": data}),
            (400, "PATCH", f"{row.path}?filter[status]=enabled", {"data": data}),
        ]
        status, method, path, body = writes[number % len(writes)]
        response = row.carrier.door.rest(method, path, body)
        agree(response.status_code, status, (method, path, body, response.text))
        for error in response.json()["errors"]:
            assert error["status"] == str(status)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
