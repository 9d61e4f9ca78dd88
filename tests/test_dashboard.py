"""The dashboard as a person uses it, in a real browser: figures, states, redelivery, live events."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Locator, Route, expect

from schema.root import schema
from tests.browser import PAGES, Visit, chromium, origin, visiting
from tests.conftest import Door, new_call, new_message
from tests.processes import process
from tests.receivers import Receiver
from tests.test_webhook_delivery import endpoint_at, receiver, settled

__all__ = ["chromium", "origin", "receiver"]

OPERATIONS = sorted((PAGES / "src/dashboard/operations").glob("*.graphql"))
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda path: path.stem)
def test_an_operation_of_the_dashboard_is_valid(operation: Path) -> None:
    assert validate(schema._schema, parse(operation.read_text())) == []


@pytest.fixture
async def traffic(platform: Door, ours: Door, account: str) -> None:
    """Two calls of three that ended were answered, 90 seconds on average; prices of many decimals."""
    for duration in (60, 120):
        call = await new_call(platform, account, status="IN_PROGRESS")
        await platform.do(
            "changePhoneCallStatus", "phoneCall", id=call, status="COMPLETED", duration=duration
        )
        await ours.do("updatePhoneCall", "phoneCall", id=call, price="-0.1")
    call = await new_call(platform, account)
    await platform.do("changePhoneCallStatus", "phoneCall", id=call, status="BUSY", duration=0)
    message = await new_message(platform, account)
    await ours.do("updateMessage", "message", id=message, price="-1000.00001")


@pytest.mark.debian
@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_figures_are_those_of_the_api(
    chromium: Browser, origin: str, ours: Door, scheme: str
) -> None:
    async with visiting(chromium, origin, color_scheme=scheme, timezone_id="Asia/Kathmandu") as visit:
        await visit.open("/dashboard", ours.key)
        for title, figure in {
            "Calls": "3",
            "Answer-seizure ratio": "66.7 %",
            "Average duration": "90 s",
            "Messages": "1",
        }.items():
            shown = panel(visit, "In all").locator(f"dt:text-is('{title}') + dd")
            await expect(shown).to_have_text(figure)
        calls = panel(visit, "Calls")
        await expect(calls.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile("Calls highest at 3")
        )
        await calls.get_by_text("Calls as a table").click()
        await expect(calls.locator("tbody tr")).to_have_count(30)
        await expect(calls.locator("tbody tr").first.locator("td")).to_have_text(["3", "2"])
        charges = panel(visit, "Charges").get_by_role("row").nth(1)
        await expect(charges.locator("th, td")).to_have_text(
            ["Rocket Rides", "KHR", "0.20", "1 000.00001", "1 000.20001"]
        )
        await expect(visit.page.locator(".plot canvas")).to_have_count(4)
        assert await visit.barriers() == []


@pytest.mark.debian
@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize(
    ("range_", "buckets"), [("Last 24 hours", 24), ("Last 7 days", 7), ("Last 12 months", 12)]
)
async def test_another_range_is_chosen(
    chromium: Browser, origin: str, ours: Door, range_: str, buckets: int
) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/dashboard", ours.key)
        calls = panel(visit, "Calls")
        await calls.get_by_text("Calls as a table").click()
        await visit.page.get_by_label("Time").select_option(range_)
        await expect(calls.locator("tbody tr")).to_have_count(buckets)
        await expect(calls.get_by_role("table")).to_be_visible()  # it was opened before, and stays so
        await expect(calls.locator("tbody tr").first.locator("td")).to_have_text(["3", "2"])


@pytest.mark.debian
async def test_places_that_run_low_come_first(chromium: Browser, origin: str, ours: Door) -> None:
    numbers = {"Phnom Penh": 5, "Siem Reap": 1}
    for index, place in enumerate(place for place, count in numbers.items() for _ in range(count)):
        given = {"number": f"+8552333400{index}", "type": "LOCAL", "visibility": "PUBLIC", "locality": place}
        await ours.do("createPhoneNumber", "phoneNumber", **given)
    async with visiting(chromium, origin) as visit:
        await visit.open("/dashboard", ours.key)
        stock = panel(visit, "Number stock")
        await expect(stock.locator("tbody tr")).to_have_count(2)
        rows = stock.locator("tbody tr")
        await expect(rows.nth(0).locator("th, td")).to_have_text(["Siem Reap, KH", "1", "Low"])
        await expect(rows.nth(1).locator("th, td")).to_have_text(["Phnom Penh, KH", "5", "Enough"])


@pytest.mark.debian
async def test_a_carrier_without_anything_is_told_so(chromium: Browser, origin: str, ours: Door) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/dashboard", ours.key)
        for title, told in {
            "Calls": "No calls in this time.",
            "Charges": "Nothing was charged in this time.",
            "Number stock": "No number is available.",
            "Webhooks": "There is no webhook endpoint.",
        }.items():
            await expect(panel(visit, title).locator(".note")).to_have_text(told)


@pytest.mark.debian
async def test_a_part_that_fails_says_so_and_can_be_tried_again(
    chromium: Browser, origin: str, ours: Door
) -> None:
    async def fail(route: Route) -> None:
        stock = "query Stock" in (route.request.post_data or "")
        await (route.fulfill(status=503, body="away") if stock else route.continue_())

    async with visiting(chromium, origin) as visit:
        await visit.page.route("**/graphql", fail)
        await visit.open("/dashboard", ours.key)
        stock = panel(visit, "Number stock")
        await expect(stock.get_by_role("alert")).to_contain_text("The service answered 503.")
        await expect(panel(visit, "Webhooks")).to_contain_text("There is no webhook endpoint.")
        await visit.page.unroute("**/graphql")
        await stock.get_by_role("button", name="Try again").click()
        await expect(stock).to_contain_text("No number is available.")
        visit.complaints.clear()  # the console tells of the 503


@pytest.mark.debian
async def test_a_failed_webhook_is_sent_again_by_its_button(
    chromium: Browser,
    origin: str,
    platform: Door,
    ours: Door,
    account: str,
    receiver: Receiver,
    database_url: str,
    broker_url: str,
    tmp_path: Path,
) -> None:
    receiver.answers["/hook"] = 500
    await endpoint_at(ours, receiver, "/hook")
    with (
        process("scheduler", database_url, broker_url, tmp_path / "scheduler.log"),
        process("worker", database_url, broker_url, tmp_path / "worker.log"),
    ):
        await new_call(platform, account, status="COMPLETED")
        await settled(ours, "EXHAUSTED", 1)
        async with visiting(chromium, origin) as visit:
            await visit.open("/dashboard", ours.key)
            webhooks = panel(visit, "Webhooks")
            await expect(webhooks.get_by_text("Failing since")).to_be_visible()
            again = webhooks.get_by_role("button", name="Redeliver phone_call.completed")
            await expect(again).to_be_visible()
            assert await visit.barriers() == []
            receiver.answers["/hook"] = 204
            await again.press("Enter")
            await expect(webhooks.get_by_text("Sent again")).to_be_visible()
            await receiver.wait_for("/hook", 4)


@pytest.mark.debian
async def test_events_appear_as_they_happen_and_can_be_held(
    chromium: Browser, origin: str, platform: Door, ours: Door, account: str
) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/dashboard", ours.key)
        latest = panel(visit, "Latest events")
        await expect(latest.get_by_role("status")).to_have_text("Live")
        await new_call(platform, account, to="+85512000001", status="COMPLETED")
        await expect(latest.get_by_role("listitem")).to_have_count(1)
        await expect(latest.get_by_role("listitem")).to_contain_text("2442 → +85512000001, completed")
        await latest.get_by_role("button", name="Pause").press("Space")
        await new_call(platform, account, to="+85512000002", status="COMPLETED")
        await latest.get_by_role("button", name="Pause").press("Space")
        await expect(latest.get_by_role("listitem").first).to_contain_text("+85512000002")
        await expect(latest.get_by_role("listitem")).to_have_count(2)


@pytest.mark.debian
@pytest.mark.usefixtures("traffic")
async def test_a_phone_shows_it_without_scrolling_sideways(
    chromium: Browser, origin: str, ours: Door
) -> None:
    async with visiting(chromium, origin, viewport=PHONE, has_touch=True) as visit:
        await visit.open("/dashboard", ours.key)
        await expect(visit.page.locator(".plot canvas")).to_have_count(4)
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert await visit.barriers() == []


def panel(visit: Visit, title: str) -> Locator:
    return visit.page.get_by_role("region", name=title, exact=True)
