"""The files of deploy/ and the images: well-formed, and speaking of what there is."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from observability.metrics import REGISTRY
from settings import Environment

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
LEFT_OUT = ("__pycache__", "node_modules")
FILES = ("pyproject.toml", "README.md", "LICENSE", "app.py", "settings.py")
FOLDERS = ("cli", "jsonapi_facade", "models", "observability", "pages", "resolvers", "schema", "workers")
METRIC = re.compile(r"carrierql_\w+")


def known_metrics() -> set[str]:
    """The names of all samples, as Prometheus keeps them."""
    names = set()
    for family in REGISTRY.collect():
        suffixes = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",)}.get(
            family.type, ("",)
        )
        names |= {family.name + suffix for suffix in suffixes}
    return names


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_alerts_speak_of_metrics_that_there_are() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert set(METRIC.findall(rule["expr"])) <= known_metrics()


def test_the_dashboard_speaks_of_metrics_that_there_are() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "carrierql.json").read_text())
    shown = {target["expr"] for panel in dashboard["panels"] for target in panel["targets"]}
    used = {name for expression in shown for name in METRIC.findall(expression)}
    assert used <= known_metrics()
    families = {family.name for family in REGISTRY.collect()}
    assert {family for family in families if any(name.startswith(family) for name in used)} == families


@pytest.mark.debian
def test_prometheus_takes_configuration_and_rules() -> None:
    for command, file in (("config", "prometheus.yml"), ("rules", "alerts.yml")):
        checked = subprocess.run(
            ["promtool", "check", command, DEPLOY / "prometheus" / file],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_composition_sets_what_there_is_to_set() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services.keys() == {"postgres", "valkey", "migrate", "web", "worker", "scheduler", "prometheus"}
    known = {name.upper() for name in Environment.model_fields}
    commands = {}
    for name in ("migrate", "web", "worker", "scheduler"):
        service = services[name]
        assert set(service["environment"]) <= known
        assert {"DATABASE_URL", "BROKER_URL", "SECRET_KEY"} <= set(service["environment"])
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["init"] is True
        commands[name] = service["command"][0]
    assert commands == {"migrate": "migrate", "web": "serve", "worker": "worker", "scheduler": "scheduler"}


def test_an_image_is_sent_what_an_installation_needs_and_nothing_else() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[0] == "*"
    let_through = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_through == {*FILES, *FOLDERS, "requirements.lock"}


def test_an_installed_service_has_all_its_files(tmp_path: Path) -> None:
    """An image is not an editable checkout: what pyproject.toml forgets is missing there alone."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    built = subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    with ZipFile(tmp_path / built.stdout.splitlines()[-1]) as wheel:
        installed = set(wheel.namelist())
    there = {str(file.relative_to(tmp_path)) for name in FOLDERS for file in (tmp_path / name).rglob("*.*")}
    assert {file for file in there - installed if not file.startswith("pages/")} == {
        "models/migrations/script.py.mako"  # for whoever writes a migration
    }
    assert {"pages/dist/graphiql.html", "pages/dist/dashboard.html"} <= installed
