"""kafka-python's own tests, in its source distribution on PyPI."""

import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

from harness.broker import ROOT

HERE = pathlib.Path(__file__).parent

# The version under test, where every version is pinned.
[PIN] = [line for line in (ROOT / "clients/python/requirements.txt").read_text().splitlines() if line.startswith("kafka-python==")]


class Suite:
    folder = ROOT / "clients/.tools/own" / PIN.replace("==", "-")
    settings = {"node.id": "0", "num.partitions": "4", "group.min.session.timeout.ms": "1000"}

    def prepare(self):
        if not (self.folder / "ready").exists():
            self._fetch()

    def _fetch(self):
        with tempfile.TemporaryDirectory() as download:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--no-binary", "kafka-python", "--dest", download, PIN], check=True)
            [archive] = pathlib.Path(download).glob("*.tar.gz")
            self.folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive) as sources:
                for member in sources.getmembers():
                    member.name = member.name.partition("/")[2]
                    sources.extract(member, self.folder, filter="data")
        # Two files that the distribution leaves out: the mark of a package, and what starts brokers of its own.
        (self.folder / "test/__init__.py").touch()
        shutil.copy(HERE / "kafka_python_service.py", self.folder / "test/service.py")
        (self.folder / "ready").touch()

    def command(self, deselected):
        pytest = [sys.executable, "-m", "pytest", "test/integration", "-q", "-rs", "-p", "no:cacheprovider", "-p", "kafka_python_plugin"]
        quiet = ["--tb=short", "--disable-warnings", "-o", "log_level=WARNING"]
        return [*pytest, *quiet, *(f"--deselect=test/integration/{case}" for case in deselected)]

    def environment(self, bootstrap):
        return {
            "KAFKA_URI": f"kafka://{bootstrap}",
            "KAFKA_VERSION": "4.2.0",
            # It only has to exist where the broker runs already.
            "KAFKA_ROOT": str(self.folder),
            "PYTHONPATH": str(HERE),
        }
