"""Rules 27 to 36 of the REST contract, by number: phone numbers."""

from typing import Any

import pytest
from httpx import Response

from tests.conftest import Door, new_call, new_carrier
from tests.test_rest_every_call import shown, sources


async def create(door: Door, number: str, type_: str, **attributes: Any) -> Response:
    data = {"type": "phone_number", "attributes": {"number": number, "type": type_} | attributes}
    return await door.rest("POST", "phone_numbers", {"data": data})


async def created(door: Door, number: str, type_: str, **attributes: Any) -> dict[str, Any]:
    response = await create(door, number, type_, **attributes)
    assert response.status_code == 201, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


async def update(door: Door, row_id: str, **attributes: Any) -> Response:
    data = {"type": "phone_number", "id": row_id, "attributes": attributes}
    return await door.rest("PATCH", f"phone_numbers/{row_id}", {"data": data})


@pytest.fixture
async def american(platform: Door) -> Door:
    return await new_carrier(platform, "American", "US", "USD")


# Rule 27


@pytest.mark.parametrize(
    ("given", "type_", "number"),
    [
        ("+1 (506) 702-0972", "local", "+15067020972"),
        ("855 97 234 5788", "mobile", "+855972345788"),
        ("1-2-9-4", "short_code", "1294"),
    ],
)
async def test_a_number_is_its_digits(ours: Door, given: str, type_: str, number: str) -> None:
    assert (await created(ours, given, type_))["attributes"]["number"] == number


@pytest.mark.parametrize(
    ("number", "code"),
    [("", "required"), (" ", "required"), *[(n, "invalid") for n in ("abc", "+", "9" * 20)]],
)
async def test_a_number_without_usable_digits_is_refused(ours: Door, number: str, code: str) -> None:
    response = await create(ours, number, "short_code")
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/number"}])
    assert [error["code"] for error in shown(response)] == [code]


async def test_a_number_is_there_once_for_each_carrier(ours: Door, theirs: Door) -> None:
    await created(ours, "+855972345788", "mobile")
    response = await create(ours, "855 972 345 788", "mobile")
    (error,) = shown(response)
    assert (response.status_code, error["code"]) == (422, "taken")
    assert error["source"] == {"pointer": "/data/attributes/number"}
    assert "already exists" in error["detail"]
    await created(theirs, "+855972345788", "mobile")


async def test_a_number_may_be_repeated_but_not_changed(ours: Door) -> None:
    row = await created(ours, "+855972345788", "mobile")
    assert (await update(ours, row["id"], number="855-972-345-788")).status_code == 200
    response = await update(ours, row["id"], number="+855972345789")
    (error,) = shown(response)
    assert (response.status_code, error["code"]) == (422, "read_only")
    assert error["source"] == {"pointer": "/data/attributes/number"}


# Rule 28


@pytest.mark.parametrize(
    ("number", "type_"),
    [("+855972345788", "short_code"), ("1294", "local"), ("1294", "mobile"), ("1294", "toll_free")],
)
async def test_the_type_goes_with_the_number(ours: Door, number: str, type_: str) -> None:
    response = await create(ours, number, type_)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/type"}])


async def test_the_type_goes_with_the_number_in_an_update_too(ours: Door) -> None:
    row = await created(ours, "1294", "short_code")
    response = await update(ours, row["id"], type="mobile")
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/type"}])


# Rule 29


@pytest.mark.parametrize(
    ("number", "type_", "country"),
    [
        ("+855972345788", "mobile", "KH"),
        ("+15067020972", "local", "US"),
        ("+61491570156", "mobile", "AU"),
        ("+447911123456", "mobile", "GB"),
        ("1294", "short_code", "KH"),
    ],
)
async def test_the_country_comes_from_the_number(ours: Door, number: str, type_: str, country: str) -> None:
    assert (await created(ours, number, type_))["attributes"]["country"] == country


async def test_the_country_is_the_carriers_where_it_shares_the_code(platform: Door) -> None:
    canadian = await new_carrier(platform, "Canadian", "CA", "CAD")
    row = await created(canadian, "+12513095500", "local")
    assert row["attributes"]["country"] == "CA"
    assert (await update(canadian, row["id"], country="US")).json()["data"]["attributes"]["country"] == "US"


@pytest.mark.parametrize("country", ["TH", "XX", "", "Cambodia", 5, None])
async def test_a_country_that_does_not_share_the_code_is_refused(ours: Door, country: Any) -> None:
    response = await create(ours, "+855972345788", "mobile", country=country)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/country"}])


async def test_a_short_code_may_have_any_country(ours: Door) -> None:
    assert (await created(ours, "1294", "short_code", country="TH"))["attributes"]["country"] == "TH"


# Rule 30


@pytest.mark.parametrize("region", ["AR", "ar"])
async def test_a_region_is_a_subdivision_of_the_country_in_any_case(american: Door, region: str) -> None:
    assert (await created(american, "+15017020972", "local", region=region))["attributes"]["region"] == "AR"


@pytest.mark.parametrize("region", ["ZZ", "ON", "", 5])
async def test_a_region_of_another_country_is_refused(american: Door, region: Any) -> None:
    response = await create(american, "+15017020972", "local", region=region)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/region"}])


async def test_a_region_is_not_judged_by_a_country_that_is_none(american: Door) -> None:
    row = await created(american, "+15017020972", "local")
    for response in (
        await update(american, row["id"], country="ZZ", region="ON"),
        await create(american, "+15017020973", "local", country="ZZ", region="ON"),
    ):
        assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/country"}])


async def test_a_country_does_not_move_away_from_under_its_region(american: Door) -> None:
    row = await created(american, "+15017020972", "local", region="AR")
    response = await update(american, row["id"], country="CA")
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/region"}])
    assert (await update(american, row["id"], country="CA", region="ON")).status_code == 200


# Rule 31


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lata", "028"),
        ("lata", "52"),
        ("lata", "5288"),
        ("lata", "٥٢٨"),
        ("latitude", "90.1"),
        ("latitude", "north"),
        ("longitude", "-180.1"),
        ("longitude", "NaN"),
        ("latitude", "1e999999999"),
        ("longitude", "-1e999999999"),
        ("longitude", "1e-999999999"),
    ],
)
async def test_a_place_that_is_none_is_refused(american: Door, name: str, value: str) -> None:
    response = await create(american, "+15017020972", "local", **{name: value})
    assert (response.status_code, sources(response)) == (422, [{"pointer": f"/data/attributes/{name}"}])


async def test_a_place_is_shown_as_text(american: Door) -> None:
    place = {"lata": "528", "rate_center": "LittleRock", "latitude": 34.748463, "longitude": "-92.284434"}
    attributes = (await created(american, "+15017020972", "local", **place))["attributes"]
    assert {name: attributes[name] for name in place} == {
        "lata": "528",
        "rate_center": "LITTLEROCK",
        "latitude": "34.748463",
        "longitude": "-92.284434",
    }


# Rules 32 and 33


@pytest.mark.parametrize(
    ("price", "text", "visibility"),
    [("1.15", "1.15", "public"), (2, "2.00", "public"), ("0", "0.00", "private")],
)
async def test_a_price_is_shown_in_the_carriers_currency_and_makes_public(
    ours: Door, price: Any, text: str, visibility: str
) -> None:
    shown_ = (await created(ours, "1294", "short_code", price=price))["attributes"]
    assert (shown_["price"], shown_["currency"], shown_["visibility"]) == (text, "KHR", visibility)


async def test_a_price_has_the_decimals_of_its_currency(platform: Door) -> None:
    japanese = await new_carrier(platform, "Japanese", "JP", "JPY")
    assert (await created(japanese, "1294", "short_code", price="115"))["attributes"]["price"] == "115"


@pytest.mark.parametrize("price", ["-0.01", "abc", None, "1e30", "0.1234567", True])
async def test_a_price_that_is_none_is_refused(ours: Door, price: Any) -> None:
    response = await create(ours, "1294", "short_code", price=price)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/price"}])


async def test_visibility_is_decided_once(ours: Door) -> None:
    row = await created(ours, "1294", "short_code")
    changed = (await update(ours, row["id"], price="1")).json()["data"]["attributes"]
    assert (changed["price"], changed["visibility"]) == ("1.00", "private")
    named = await created(ours, "1295", "short_code", price="1", visibility="disabled")
    assert named["attributes"]["visibility"] == "disabled"


# Rule 34


async def test_metadata_is_replaced_and_must_be_an_object(ours: Door) -> None:
    row = await created(ours, "1294", "short_code", metadata={"a": {"b": 1}})
    response = await update(ours, row["id"], metadata={"a": {"c": 1}})
    assert response.json()["data"]["attributes"]["metadata"] == {"a": {"c": 1}}
    refused = await update(ours, row["id"], metadata=None)
    assert (refused.status_code, sources(refused)) == (422, [{"pointer": "/data/attributes/metadata"}])


# Rule 35


async def test_a_number_with_calls_is_deleted_and_its_calls_stay(
    platform: Door, ours: Door, account: str
) -> None:
    row = await created(ours, "1294", "short_code")
    call = await new_call(platform, account, phoneNumberId=row["id"])
    assert (await ours.rest("DELETE", f"phone_numbers/{row['id']}")).status_code == 204
    answer = await ours.graphql("query($id: ID!) { phoneCall(id: $id) { phoneNumber { id } } }", id=call)
    assert answer == {"data": {"phoneCall": {"phoneNumber": None}}}


async def test_an_assigned_number_cannot_be_deleted_until_it_is_released(
    platform: Door, ours: Door, account: str
) -> None:
    row = await created(ours, "1294", "short_code")
    await platform.do("assignPhoneNumber", "phoneNumber", id=row["id"], accountId=account)
    response = await ours.rest("DELETE", f"phone_numbers/{row['id']}")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "restricted")
    await platform.do("releasePhoneNumber", "phoneNumber", id=row["id"])
    assert (await ours.rest("DELETE", f"phone_numbers/{row['id']}")).status_code == 204


# Rule 36


async def test_a_patch_without_attributes_changes_nothing(ours: Door) -> None:
    row = await created(ours, "1294", "short_code")
    body = {"data": {"type": "phone_number", "id": row["id"]}}
    response = await ours.rest("PATCH", f"phone_numbers/{row['id']}", body)
    assert response.status_code == 200
    changed = response.json()["data"]
    del changed["attributes"]["updated_at"], row["attributes"]["updated_at"]
    assert changed == row
