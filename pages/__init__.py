"""The pages that people open in a browser, as `./run` built them: GraphiQL and the dashboard.

They are clients like any other: what they show comes from `/graphql` alone, with the key that is
entered in the page. They load nothing from elsewhere, which their Content-Security-Policy enforces.
"""

from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

BUILT = Path(__file__).parent / "dist"
NOT_BUILT = "This page is not built yet: start the service by ./run, with npm's registry in reach.\n"
A_YEAR = "public, max-age=31536000, immutable"  # an asset's name changes with its content

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
# Monaco, GraphiQL's editor, writes style elements and attributes of its own and knows no nonce;
# GraphiQL's style sheet carries its fonts and icons within. Scripts stay as strict as elsewhere.
GRAPHIQL_POLICY = POLICY | {
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
}


async def graphiql(_request: Request) -> Response:
    return _page("graphiql.html", GRAPHIQL_POLICY)


async def dashboard(_request: Request) -> Response:
    return _page("dashboard.html", POLICY)


def _page(name: str, policy: dict[str, str]) -> Response:
    headers = {
        "Content-Security-Policy": "; ".join(f"{what} {sources}" for what, sources in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    path = BUILT / name
    if not path.is_file():
        return PlainTextResponse(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, headers)
    return FileResponse(path, headers=headers)


async def asset(request: Request) -> Response:
    """A built file by its name, packed where the browser takes that; 404 for any other name."""
    name = request.path_params["name"]
    path = BUILT / "assets" / name
    if "/" in name or not path.is_file():
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Cache-Control": A_YEAR, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    packed = path.with_name(f"{name}.gz")
    if not _takes_gzip(request.headers) or not packed.is_file():
        return FileResponse(path, headers=headers)
    response = FileResponse(packed, headers=headers | {"Content-Encoding": "gzip"})
    response.headers["Content-Type"] = FileResponse(path).headers["Content-Type"]
    return response


def _takes_gzip(headers: Headers) -> bool:
    codings = headers.get("accept-encoding", "").replace(" ", "").lower().split(",")
    return any(coding.partition(";")[0] == "gzip" and not coding.endswith(";q=0") for coding in codings)


routes = [Route("/dashboard", dashboard), Route("/assets/{name}", asset)]
