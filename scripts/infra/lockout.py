"""The log filters behind the alarms "may be locked out", held against the runbook: the codes whose page says that applications are refused."""

import re

from template import ROOT, read

RUNBOOK = ROOT / "docs/runbook"
REFUSED = re.compile(r"refused|is dead|nobody can log in|get ResourceNotFoundException")


def codes():
    """The codes whose page says in bold that applications are refused, and those of which it is so only after the password was changed."""
    always, later = set(), set()
    for page in RUNBOOK.glob("[A-Z]*.md"):
        found = re.search(r"^\*\*Applications:\*\*(.*?)\n\n", page.read_text(), re.DOTALL | re.MULTILINE)
        for bold in re.findall(r"\*\*(.*?)\*\*", found[1].replace("\n", " ") if found else ""):
            if REFUSED.search(bold):
                (later if bold.startswith("After testSecret and finishSecret") else always).add(page.stem)
    return always, later


def pattern():
    """The filter that the pages ask for, as CloudWatch Logs writes it."""

    def one_of(member, values):
        return " || ".join(f'($.{member} = "{value}")' for value in values)

    always, later = codes()
    changed = one_of("Step", ("testSecret", "finishSecret"))
    return f'{{ ($.Outcome = "failed") && ({one_of("Code", sorted(always))} || (({changed}) && ({one_of("Code", sorted(later))}))) }}'


def problems(template, terraform, cdk):
    """Filters that differ from the runbook."""
    wanted = pattern()
    if len(wanted) > 1024:
        yield f"the filter of what may lock out has {len(wanted)} characters; CloudWatch Logs takes 1024"
    given = {
        "infra/template.yaml": read(template)["Mappings"]["LogFilters"]["MayBeLockedOut"]["Pattern"],
        "infra/terraform/watch.tf": re.search(r'^  pattern +=.*?"(.*)"$', (terraform / "watch.tf").read_text(), re.MULTILINE)[1].replace('\\"', '"'),
        "infra/cdk/lib/monitoring.ts": re.search(r"^  '(\{ .*\})';$", (cdk / "lib/monitoring.ts").read_text(), re.MULTILINE)[1],
    }
    for where, text in given.items():
        if text != wanted:
            yield f"{where}: the filter of what may lock out is not that of the runbook's pages, which is\n{wanted}"
