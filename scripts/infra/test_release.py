"""Tests of a release, without building one: the programs are stand-ins, everything else is what the workflow runs. The last test goes the way of
somebody without Rust: from the release's archive, served here over HTTP, to a secret with a rotation, in moto's account.
"""

import functools
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import types
import unittest
import zipfile
from pathlib import Path

import cloud
import policies
import stack
import yaml
from functions import FUNCTIONS
from template import ROOT
from tools import TOOLS

RELEASE = ROOT / "scripts/release"
zip_file = __import__("zip")


def loaded(name):
    """A script of the release as a module."""
    module = types.ModuleType(name)
    module.__file__ = str(RELEASE / name)
    exec(compile((RELEASE / name).read_text(), module.__file__, "exec"), module.__dict__)  # importing it would leave a compiled file beside it
    return module


def built(directory, program=b"a program"):
    """What make build leaves, with stand-ins for the programs."""
    for architecture in ("arm64", "x86_64"):
        for name in FUNCTIONS:
            zip_file.pack_all({"bootstrap": program + name.encode()}, directory / architecture / f"{name}.zip")
    zip_file.pack(ROOT / "infra/watch/watch.py", "watch.py", directory / "watch.zip")
    found = sorted(path.relative_to(directory) for path in directory.rglob("*.zip"))
    lines = [f"{hashlib.sha256((directory / path).read_bytes()).hexdigest()}  {path}\n" for path in found]
    (directory / "SHA256SUMS").write_text("".join(lines))
    return directory


def ran(*command, cwd=None, **environment):
    """A command, with the aws command line at hand."""
    path = f"{TOOLS / 'venv/bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path} | environment
    return subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Served:
    """A directory over HTTP."""

    def __init__(self, directory):
        handler = functools.partial(Quiet, directory=str(directory))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Pieces(unittest.TestCase):
    """The scripts, one by one."""

    def test_the_files_that_hold_a_version_hold_one(self):
        version = loaded("version")
        known = set(version.versions().values())
        self.assertEqual(len(known), 1, version.versions())
        self.assertEqual(list(version.problems(f"v{known.pop()}")), [])
        self.assertEqual(len(list(version.problems("v99.0.0"))), len(version.versions()))

    def test_notes_are_the_section_of_the_version(self):
        notes = loaded("notes")
        text = "# Changes\n\n## 0.2.0, 1 March\n\nNew.\n\n### Install\n- a line\n\n## 0.1.0, 1 January\n\nOld.\n"
        self.assertEqual(notes.notes(text, "0.2.0"), "New.\n\n### Install\n- a line")
        self.assertEqual(notes.notes(text, "0.1.0"), "Old.")
        for version, why in (("0.3.0", "no section"), ("0.2", "no section")):
            with self.assertRaisesRegex(notes.NoNotes, why):
                notes.notes(text, version)

    def test_what_is_not_released_has_no_notes(self):
        notes = loaded("notes")
        with self.assertRaisesRegex(notes.NoNotes, "put the date there"):
            notes.notes("## 0.1.0, not released yet\n\nText.\n", "0.1.0")

    def test_builds_that_differ_are_told_apart(self):
        with tempfile.TemporaryDirectory() as name:
            first, same, other = (built(Path(name) / place, program) for place, program in (("a", b"x"), ("b", b"x"), ("c", b"y")))
            self.assertEqual(ran(RELEASE / "compare", first, same).returncode, 0)
            told = ran(RELEASE / "compare", first, other)
            self.assertEqual(told.returncode, 1)
            self.assertIn("the two builds differ", told.stderr)
            (same / "watch.zip").write_bytes(b"")
            self.assertIn("does not hold what it says", ran(RELEASE / "compare", first, same).stderr)

    def test_a_bill_of_materials_for_each_program(self):
        """cargo-cyclonedx is a stand-in, which writes where the real one does: beside the crate, named after the program. It names crates by their place."""
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for file in ("scripts/release/sbom", "scripts/infra/functions.py"):
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_bytes((ROOT / file).read_bytes())
            for directory in ("crates/some", "tests", "bin"):
                (root / directory).mkdir(parents=True)
            cargo = root / "bin/cargo"
            programs = " ".join([*FUNCTIONS, "keywheel"])
            cargo.write_text(f"#!/bin/sh\n[ \"$2\" = --version ] && exit\nfor name in {programs}; do echo \"path+file://$PWD/crates/some#0.1.0\" >crates/some/${{name}}_bin.cdx.json; done\necho {{}} >tests/demo_bin.cdx.json\n")
            cargo.chmod(0o755)
            who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
            ran("git", "-C", root, "init", "--quiet")
            ran("git", "-C", root, *who, "commit", "--quiet", "--allow-empty", "--message", "a")
            done = ran("bash", root / "scripts/release/sbom", root / "out", PATH=f"{root / 'bin'}:{os.environ['PATH']}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({path.name for path in (root / "out").iterdir()}, {f"{program}.cdx.json" for program in programs.split()})
            self.assertEqual({path.read_text() for path in (root / "out").iterdir()}, {"path+file:///keywheel/crates/some#0.1.0\n"})
            self.assertEqual(list((root / "crates").rglob("*.json")) + list((root / "tests").iterdir()), [])


# Steps of the workflow that only GitHub, an empty machine or half an hour can run.
NOT_RUN = {
    "what a checkout needs",  # apt-get, in GitHub's container
    "Rust",  # rustup
    "the zip files of both architectures, and the command line",  # make build: .ci/run has no time for it
    "the bill of materials",  # scripts/release/sbom, which has a test of its own
    "publish",  # gh release create
}


class Workflow(unittest.TestCase):
    """The steps of release.yml, word for word and in their order, in a checkout of the files that are here. CHANGELOG.md has a date there."""

    @classmethod
    def setUpClass(cls):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
        cls.steps = [step for name in ("build", "publish") for step in jobs[name]["steps"]]
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.root = Path(directory.name)
        for file in ran("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").stdout.splitlines():
            if (ROOT / file).is_file():
                (cls.root / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, cls.root / file)
        changelog = cls.root / "CHANGELOG.md"
        changelog.write_text(changelog.read_text().replace("not released yet", "1 January 2027"))
        ran("git", "init", "--quiet", cls.root)
        ran("git", "-C", cls.root, "add", "--all")
        for place in ("first", "second-with-a-longer-name"):
            built(cls.root / "builds" / place / "lambda")
            for file, content in (("release/keywheel", b"the command line"), ("sbom/keywheel.cdx.json", b"{}")):
                (cls.root / "builds" / place / file).parent.mkdir()
                (cls.root / "builds" / place / file).write_bytes(content)

    def run_step(self, name):
        step = next(step for step in self.steps if step.get("name") == name)
        home = {"HOME": str(self.root / "builds"), "TAG": "v0.1.0"}  # git's settings of the person who runs this stay as they are
        return subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=self.root, env=os.environ | home, capture_output=True, text=True, check=False)

    def test_every_step_is_run_here_or_named(self):
        named = [step["name"] for step in self.steps if "run" in step]
        for name in named:
            if name not in NOT_RUN:
                done = self.run_step(name)
                self.assertEqual(done.returncode, 0, f"{name}: {done.stderr}")
        self.assertEqual(NOT_RUN - set(named), set())
        self.assertEqual({path.name for path in (self.root / "dist").iterdir()}, {"keywheel-0.1.0.tar.gz", "providers.zip", "keywheel.cdx.json", "SHA256SUMS"})
        self.assertEqual(ran("sha256sum", "--check", self.root / "dist/SHA256SUMS", cwd=self.root / "dist").returncode, 0)
        sha256 = hashlib.sha256((self.root / "dist/keywheel-0.1.0.tar.gz").read_bytes()).hexdigest()
        notes = (self.root / "notes.md").read_text()
        for command in (f'sha256sum --check <<<"{sha256}  keywheel-0.1.0.tar.gz"', f"scripts/upload --version 0.1.0 --sha256 {sha256} my-code-bucket"):
            self.assertIn(command, notes)

    def test_a_second_build_that_differs_ends_it(self):
        for file in ("release/keywheel", "sbom/keywheel.cdx.json", "lambda/watch.zip"):
            path = self.root / "builds/second-with-a-longer-name" / file
            content = path.read_bytes()
            path.write_bytes(content + b" ")
            self.assertNotEqual(self.run_step("the two builds are the same").returncode, 0, file)
            path.write_bytes(content)

    def test_every_program_that_is_named_is_here(self):
        named = set(re.findall(r"scripts/[\w/-]+", " ".join(step.get("run", "") for step in self.steps)))
        self.assertGreaterEqual(len(named), 5)
        for script in named:
            self.assertTrue(os.access(ROOT / script, os.X_OK), script)


class Release(unittest.TestCase):
    """An archive, and what becomes of it."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.root = Path(directory.name)
        cls.program = cls.root / "keywheel"
        cls.program.write_bytes(b"the command line")
        cls.lambdas = built(cls.root / "lambda")
        cls.pack = loaded("pack")
        cls.output = cls.packed("v0.1.0")
        cls.archive = cls.output / "keywheel-0.1.0.tar.gz"
        cls.sha256 = hashlib.sha256(cls.archive.read_bytes()).hexdigest()

    @classmethod
    def packed(cls, name):
        cls.pack.pack("0.1.0", cls.root / name, cls.lambdas, cls.program)
        return cls.root / name

    def upload(self, account, sha256):
        with Served(self.root) as url:
            environment = account.environment | {"KEYWHEEL_RELEASES": url}
            return ran(ROOT / "scripts/upload", "--version", "0.1.0", *(["--sha256", sha256] if sha256 else []), stack.BUCKET, **environment)

    def test_the_same_files_make_the_same_bytes(self):
        again = self.packed("again")
        self.assertEqual(again.joinpath("SHA256SUMS").read_text(), self.output.joinpath("SHA256SUMS").read_text())
        self.assertIn(f"{self.sha256}  keywheel-0.1.0.tar.gz", again.joinpath("SHA256SUMS").read_text())

    def test_the_archive_is_laid_out_as_a_checkout(self):
        with tarfile.open(self.archive) as archive:
            names = {name.removeprefix("keywheel-0.1.0/") for name in archive.getnames()}
            self.assertTrue(archive.getmember("keywheel-0.1.0/scripts/upload").mode & 0o100)
        for name in ("target/lambda/arm64/rotate-api-key.zip", "target/lambda/SHA256SUMS", "bin/keywheel", "infra/template.yaml", "scripts/preflight", "LICENSE-MIT"):
            self.assertIn(name, names)
        self.assertFalse([name for name in names if name.endswith(".rs")])

    def test_the_layer_has_the_shipped_definitions(self):
        with zipfile.ZipFile(self.output / "providers.zip") as layer:
            names = set(layer.namelist())
        self.assertEqual(names, {f"providers/{path.name}" for path in (ROOT / self.pack.PROVIDERS).glob("*.toml")})
        self.assertGreater(len(names), 20)

    def test_a_build_that_lacks_a_function_or_holds_another_makes_no_release(self):
        for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"another")):
            with tempfile.TemporaryDirectory() as name:
                directory = built(Path(name))
                spoil(directory / "x86_64/rotate-api-key.zip")
                with self.assertRaisesRegex(self.pack.Incomplete, "rotate-api-key.zip"):
                    self.pack.pack("0.1.0", Path(name) / "out", directory, self.program)

    def test_an_archive_with_another_checksum_is_not_uploaded(self):
        with cloud.empty_account() as account:
            account.client("s3").create_bucket(Bucket=stack.BUCKET)
            for sha256, why in (("0" * 64, "nothing was uploaded"), ("", "--version needs --sha256"), ("abc", "--version needs --sha256")):
                done = self.upload(account, sha256)
                self.assertEqual(done.returncode, 1)
                self.assertIn(why, done.stderr)
            self.assertEqual(account.client("s3").list_objects_v2(Bucket=stack.BUCKET)["KeyCount"], 0)

    def attached(self, account, root, printed):
        """Deploys the stack and the rotation of a secret by the templates below `root`: what is left is RotateSecret. That the programs rotate is the
        end-to-end suite's to say."""
        words = dict(word.split("=", 1) for word in printed.split())
        self.assertEqual(words["CodeBucket"], stack.BUCKET)
        stack.deploy(account, words | {"ReservedConcurrency": "-1"}, root / "infra/template.yaml")
        arn = account.client("secretsmanager").create_secret(Name="orders/db", SecretString="{}")["ARN"]
        stack.deploy(account, {"SecretArn": arn}, root / "infra/examples/existing-secret.yaml", "orders")
        described = account.client("secretsmanager").describe_secret(SecretId=arn)
        self.assertEqual(described["RotationLambdaARN"], policies.function_arn("rotate-postgres-single-user"))
        configuration = account.client("lambda").get_function_configuration(FunctionName="keywheel-rotate-postgres-single-user")
        zip_size = (self.lambdas / "arm64/rotate-postgres-single-user.zip").stat().st_size
        self.assertEqual(configuration["CodeSize"], zip_size)

    def test_from_the_unpacked_archive_to_a_secret_with_a_rotation(self):
        """Nothing of a checkout is used, but what the archive has."""
        with cloud.empty_account() as account, tempfile.TemporaryDirectory() as name:
            account.client("s3").create_bucket(Bucket=stack.BUCKET)
            with tarfile.open(self.archive) as archive:
                archive.extractall(name, filter="data")
            root = Path(name) / "keywheel-0.1.0"
            asked = ran(root / "scripts/preflight", "ReservedConcurrency=-1", **account.environment)
            self.assertIn("CodeBucket", asked.stdout + asked.stderr)
            done = ran(root / "scripts/upload", stack.BUCKET, **account.environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.attached(account, root, done.stdout)

    def test_from_a_version_and_a_checksum_to_a_secret_with_a_rotation(self):
        """With the templates of a checkout."""
        with cloud.empty_account() as account:
            account.client("s3").create_bucket(Bucket=stack.BUCKET)
            done = self.upload(account, self.sha256)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.attached(account, ROOT, done.stdout)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
