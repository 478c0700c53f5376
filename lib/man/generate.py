#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write manual pages, in mdoc(7), from the kernel-doc of headers.

usage: generate.py OUTPUT DATE TEMPLATE.4.in UAPI.h HEADER.h...

OUTPUT/man3 gets a page for each function that a HEADER.h exports (ZINC_API) or
documents (inline), and for each struct, NAME.3; NAME.3type is a link to that of
a struct. OUTPUT/man4 gets TEMPLATE.4, with @DATE@ and the lines @DEVICE@, @REGION@,
@RESERVATION@ and @FILE@ replaced by the commands and operations that UAPI.h has. DATE
is that of the pages, such as "November 30, 2026".

Nothing is written if a comment is irregular: a function or struct without one; a
parameter or member without its line, or a line without its parameter; no "Return:"
of a function that returns something; no " - " title; an ioctl that the table of its
descriptor does not have. Each is reported as FILE:LINE: MESSAGE, and the exit
status is 1.
"""

import errno
import os
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

COMMENT = re.compile(r"^/\*\*\n((?: \*.*\n)*?) \*/\n", re.M)
FUNCTION = re.compile(r"ZINC_API\s+([^;(]*?)\b(zinc_\w+)\s*\(([^;]*)\)\s*;")
INLINE = re.compile(r"(?:static inline|ZINC_STREAM_API)\s+([^;({]*?)\b(zinc_\w+)\s*\(([^;{]*)\)\s*\{")
STRUCT = re.compile(r"struct (zinc_\w+) \{\n(.*?)\n\};", re.S)
TITLE = re.compile(r"^(struct )?(zinc_\w+)(?:\(\))? - (\S.*)$")
MEMBER = re.compile(r"^@(\w+): ?(.*)$")
COMMAND = re.compile(r"#define ZINC_IOC_(\w+)[\s\\]+_IO[RW]*\(\w+, 0x\w+(?:, struct (\w+))?\)")
ROW = re.compile(r"^([A-Za-z_]+(?:, \w+)*)\t+(\S.*)$")
ERRNOS = re.compile(r"^((?:%?-E[A-Z0-9]+(?:, | or | and )?)+)[:,]?\s*(.*)$", re.S)
REFERENCE = re.compile(r"\b(zinc_\w+)\(\)|\bstruct (zinc_\w+)|\b(zinc_\w+)\.\w+")


@dataclass
class Doc:
    """A kernel-doc comment, and what it documents."""

    header: "Header"
    line: int
    name: str
    is_struct: bool
    title: str
    members: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    result: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    code: str = ""

    def text(self) -> str:
        return "\n".join([*self.members.values(), *self.body, *self.returns])


@dataclass
class Header:
    """A header, and what holds for all its functions."""

    path: Path
    text: str
    library: str
    threads: str  # the first comment's sentence about them
    safe_in_handlers: set[str]
    problems: list[str]

    @property
    def all_threads(self) -> bool:
        return self.threads.startswith(("All are thread-safe", "All functions are thread-safe"))

    def line_of(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def problem(self, line: int, what: str) -> None:
        self.problems.append(f"{self.path}:{line}: {what}")


def paragraphs(lines: list[str]) -> list[str]:
    """Blank lines separate them; an indented block stays as it is."""
    found: list[str] = []
    for block in "\n".join(lines).strip("\n").split("\n\n"):
        if block.strip():
            found.append(block.strip("\n"))
    return found


def parse_comment(header: Header, line: int, raw: str) -> Doc | None:
    lines = [re.sub(r"^ \* ?", "", one) for one in raw.splitlines()]
    title = lines[0] if lines else ""
    rest = lines[1:]
    while rest and rest[0].startswith("\t"):
        title += " " + rest.pop(0).strip()
    match = TITLE.match(title)
    if not match:
        header.problem(line, f"the title is not 'NAME() - PHRASE': {title!r}")
        return None
    doc = Doc(header, line, match[2], bool(match[1]), match[3])
    last = ""
    body: list[str] = []
    for text in rest:
        member = MEMBER.match(text)
        if member and not body:
            last = member[1]
            if last in doc.members:
                header.problem(line, f"{doc.name}: @{last} twice")
            doc.members[last] = member[2].strip()
        elif last and text[:1] in ("\t", " ") and text.strip() and not body:
            doc.members[last] += " " + text.strip()
        elif text.strip() or body:
            body.append(text)
        else:
            last = ""
    for number, text in enumerate(body):
        if re.match(r"Returns?:", text):
            doc.returns = [re.sub(r"^Returns?: *", "", text), *body[number + 1:]]
            body = body[:number]
            break
    doc.body = body
    for name, what in doc.members.items():
        if not what:
            header.problem(line, f"{doc.name}: @{name} says nothing")
    return doc


def split_parameters(text: str) -> list[tuple[str, str]]:
    text = " ".join(text.split())
    if text in ("", "void"):
        return []
    found = []
    for one in text.split(","):
        name = re.search(r"(\w+)(?:\[[^]]*\])?$", one.strip())
        found.append((one.strip(), name[1] if name else ""))
    return found


def member_names(code: str) -> list[str]:
    names = []
    for declaration in re.sub(r"/\*.*?\*/", "", code, flags=re.S).split(";"):
        name = re.search(r"(\w+)(?:\[[^]]*\])?\s*$", declaration)
        if name:
            names.append(name[1])
    return names


def check_members(doc: Doc, wanted: list[str]) -> None:
    for name in wanted:
        if name not in doc.members:
            doc.header.problem(doc.line, f"{doc.name}: no line for @{name}")
    for name in doc.members:
        if name not in wanted:
            doc.header.problem(doc.line, f"{doc.name}: there is no {name}")


def parse(header: Header) -> list[Doc]:
    docs = []
    documented = set()
    for match in COMMENT.finditer(header.text):
        if match[1].startswith(" * enum "):
            continue
        doc = parse_comment(header, header.line_of(match.start()), match[1])
        if not doc:
            continue
        documented.add(doc.name)
        patterns = [STRUCT] if doc.is_struct else [FUNCTION, INLINE]
        found = next(filter(None, (p.match(header.text, match.end()) for p in patterns)), None)
        if not found or found[1 if doc.is_struct else 2] != doc.name:
            header.problem(doc.line, f"{doc.name}: its declaration does not follow")
            continue
        if doc.is_struct:
            doc.code = found[0]
            check_members(doc, member_names(found[2]))
        else:
            doc.result = " ".join(found[1].split())
            doc.parameters = split_parameters(found[3])
            check_members(doc, [name for _, name in doc.parameters])
            if (doc.result == "void") == bool(doc.returns):
                header.problem(doc.line, f"{doc.name}: a Return: is " + (
                    "not for void" if doc.returns else "missing"))
        docs.append(doc)
    # what a header's inline functions use among themselves has no page
    exported = [] if INLINE.search(header.text) else [(FUNCTION, 2), (STRUCT, 1)]
    for pattern, group in exported:
        for match in pattern.finditer(header.text):
            if match[group] not in documented:
                header.problem(header.line_of(match.start()), f"{match[group]}: no comment")
    return docs


# ---- mdoc ----------------------------------------------------------------


def inline(text: str) -> str:
    text = text.replace("\\", "\\e")
    text = re.sub(r"@(\w+)", r"\\fI\1\\fP", text)
    text = re.sub(r"%(-?[A-Z_]+)\b", r"\1", text)
    return re.sub(r"\b(\w+)\(\)", r"\\fB\1\\fP()", text)


def flow(text: str) -> list[str]:
    """Lines of running text: each sentence begins one."""
    lines = []
    for sentence in re.split(r"(?<=[.!?:;])\s+(?=[A-Z\\@])|(?<=[a-z)]\.)\s+", inline(
            " ".join(text.split()))):
        lines += textwrap.wrap(sentence, 78, break_long_words=False,
                               break_on_hyphens=False)
    return ["\\&" + line if line[:1] in (".", "'") else line for line in lines]


def block(text: str) -> list[str]:
    """A paragraph, a list of * or - items, or indented code."""
    lines = text.splitlines()
    if all(line[:1] in ("\t", " ") and not line.lstrip().startswith(("* ", "- "))
           for line in lines):
        code = textwrap.dedent(text.expandtabs()).splitlines()
        return [".Bd -literal -offset indent",
                *("\\&" + c.replace("\\", "\\e") if c[:1] in (".", "'") else
                  c.replace("\\", "\\e") for c in code), ".Ed"]
    if lines[0].lstrip().startswith(("* ", "- ")):
        items: list[str] = []
        for line in lines:
            if line.lstrip().startswith(("* ", "- ")):
                items.append(line.lstrip()[2:])
            else:
                items[-1] += " " + line.strip()
        found = [".Bl -bullet -compact"]
        for item in items:
            found += [".It", *flow(item)]
        return [*found, ".El"]
    return flow(text)


def described(blocks: list[str]) -> list[str]:
    lines: list[str] = []
    for text in blocks:
        part = block(text)
        if lines and not part[0].startswith(".B"):
            lines.append(".Pp")
        elif lines and part[0].startswith(".Bl"):
            lines.append(".Pp")
        lines += part
    return lines


def split_returns(lines: list[str]) -> tuple[list[str], list[tuple[list[str], str]]]:
    """What it returns, and the errors: "; " separates them, or they are a list."""
    values: list[str] = []
    errors: list[tuple[list[str], str]] = []
    for number, text in enumerate(paragraphs(lines)):
        if not re.search(r"-E[A-Z]", text) or (
                number and not re.match(r"\s*[*-]?\s*%?-E", text)):
            values.append(text)
            continue
        text = re.sub(r"\n\s*[*-] ", "; ", "\n" + text).lstrip("; \n")
        first, *sentences = re.split(r"\.\s+(?=[A-Z@*])", " ".join(text.split()))
        rest = []
        for piece in re.split(r";\s+|\.\s+(?=%?-E)", first):
            piece = piece.strip().rstrip(".")
            match = ERRNOS.match(piece)
            if match:
                errors.append((re.findall(r"-(E[A-Z0-9]+)", match[1]),
                               match[2].lstrip("-: ")))
            elif piece:
                rest.append(piece)
        if rest:
            values.append("; ".join(rest) + ".")
        values += [sentence.rstrip(".") + "." for sentence in sentences]
    return values, errors


def error_list(errors: list[tuple[list[str], str]]) -> list[str]:
    lines = [".Bl -tag -width Er"]
    for names, what in errors:
        lines.append(".It Bq " + " , ".join(f"Er {name}" for name in names))
        if not what:
            what = "; ".join(os.strerror(getattr(errno, name)) for name in names)
        lines += flow(what[:1].upper() + what[1:] + ".")
    return [*lines, ".El"]


def see_also(doc: Doc, known: dict[str, Doc]) -> list[str]:
    names = set()
    for match in REFERENCE.finditer(doc.text() + " ".join(t for t, _ in doc.parameters) +
                                    doc.code):
        name = match[1] or match[2] or match[3]
        if name in known and name != doc.name:
            names.add(name)
    if doc.is_struct:
        names.update(name for name, other in known.items()
                     if any(f"struct {doc.name} " in declaration
                            for declaration, _ in other.parameters))
    references = [f".Xr {name} 3" for name in sorted(names)]
    references.append(".Xr zinc 7")
    return [line + " ," for line in references[:-1]] + references[-1:]


def safety(doc: Doc) -> list[str]:
    if not doc.header.all_threads:
        return flow(doc.header.threads + ".")
    lines = ["MT-Safe: any thread may call it."]
    if any("zinc_handle" in declaration and "*" not in declaration
           for declaration, _ in doc.parameters):
        lines += flow("No thread may use a handle while another closes it.")
    if doc.name in doc.header.safe_in_handlers:
        lines += ["AS-Safe: a signal handler may call it."]
    return lines


def synopsis(doc: Doc) -> list[str]:
    lines = [f".In {doc.header.path.name}"]
    if doc.is_struct:
        return [*lines, ".Bd -literal", *doc.code.expandtabs().splitlines(), ".Ed"]
    if not doc.parameters:
        return [*lines, f".Ft {doc.result}", f".Fn {doc.name} void"]
    return [*lines, f".Ft \"{doc.result}\"", f".Fo {doc.name}",
            *(f".Fa \"{declaration}\"" for declaration, _ in doc.parameters), ".Fc"]


def page(doc: Doc, date: str, known: dict[str, Doc]) -> str:
    values, errors = split_returns(doc.returns)
    lines = [".\\\" SPDX-License-Identifier: MIT",
             f".\\\" Generated from {doc.header.path.name}.",
             f".Dd {date}", f".Dt {doc.name.upper()} 3", ".Os",
             ".Sh NAME", f".Nm {doc.name}", f".Nd {inline(doc.title.rstrip('.'))}",
             ".Sh LIBRARY", doc.header.library,
             ".Sh SYNOPSIS", *synopsis(doc),
             ".Sh DESCRIPTION"]
    body = described(paragraphs(doc.body))
    if doc.members:
        lines.append(("The members are:" if doc.is_struct else "The parameters are:"))
        lines.append(".Bl -tag -width Ds")
        for name, what in doc.members.items():
            lines += [f".It Fa {name}", *flow(what)]
        lines.append(".El")
        if body and not body[0].startswith(".B"):
            lines.append(".Pp")
    lines += body
    if not doc.members and not body:
        lines += flow(doc.title[:1].upper() + doc.title[1:] + ".")
    if values:
        lines += [".Sh RETURN VALUES", *described(values)]
    if errors:
        lines += [".Sh ERRORS", *error_list(errors)]
    if not doc.is_struct:
        lines += [".Sh THREAD SAFETY", *safety(doc)]
    return "\n".join([*lines, ".Sh SEE ALSO", *see_also(doc, known)]) + "\n"


# ---- section 4 -------------------------------------------------------------


def rows(header: Header, key: str, but: str = "") -> dict[str, str]:
    """The table, in a comment, that has a row of @key and none of @but."""
    for match in re.finditer(r"^/\*\n.*?\*/", header.text, re.M | re.S):
        found: dict[str, str] = {}
        last = ""
        for line in match[0].splitlines():
            text = re.sub(r"^ \* ?", "", line)
            row = ROW.match(text)
            if row:
                last = row[1]
                found[last] = row[2]
            elif text.startswith("\t") and last:
                found[last] += " " + text.strip()
            else:
                last = ""
        if key in found and (not but or but not in found):
            return found
    header.problem(1, f"no comment has a table with a row of {key}")
    return {}


def command(name: str, errors: str, doc: Doc | None) -> list[str]:
    argument = f" \"struct {doc.name}\"" if doc else ""
    lines = [f".It Dv ZINC_IOC_{name}" + (f" Ft{argument}" if doc else "")]
    if doc:
        lines += flow(doc.title[:1].upper() + doc.title[1:] + ".")
        lines += [".Bl -tag -width Ds -compact"]
        for member, what in doc.members.items():
            lines += [f".It Fa {member}", *flow(what)]
        lines += [".El"]
        body = described(paragraphs(doc.body))
        lines += ([".Pp"] if body and not body[0].startswith(".B") else []) + body
    if errors not in ("", "-"):
        lead = "Errors: " if re.match(r"-E|as ", errors) else ""
        if not lead:
            errors = errors[:1].upper() + errors[1:]
        lines += [*[".Pp"] * bool(doc), *flow(lead + errors)]
    return lines


def device_page(template: Path, header: Header, docs: list[Doc], date: str) -> str:
    known = {doc.name: doc for doc in docs if doc.is_struct}
    tables = {"DEVICE": rows(header, "CREATE"), "REGION": rows(header, "NOTIFY"),
              "RESERVATION": rows(header, "poll", "mmap"), "FILE": rows(header, "mmap")}
    parts: dict[str, list[str]] = {key: [] for key in tables}
    commands = set()
    for match in COMMAND.finditer(header.text):
        prefix, _, short = match[1].partition("_")
        where = prefix if prefix in tables else "DEVICE"
        row = short if where != "DEVICE" else match[1]
        row = row if row in tables[where] else match[1]
        commands.add(row)
        if row not in tables[where]:
            header.problem(header.line_of(match.start()), f"no row of the table for {match[1]}")
        elif match[2] and match[2] not in known:
            header.problem(header.line_of(match.start()), f"no comment of struct {match[2]}")
        else:
            parts[where] += command(match[1], tables[where][row], known.get(match[2] or ""))
    for where in "FILE", "RESERVATION":
        for name, what in tables[where].items():
            if name not in commands:
                parts[where] += [f".It {name}", *flow(what)]
    text = template.read_text().replace("@DATE@", date)
    for where, lines in parts.items():
        text = text.replace(f"@{where}@", "\n".join(lines))
    return text


def read(path: Path) -> Header:
    text = path.read_text()
    first = text[text.find("/*\n"):text.find("*/\n", text.find("/*\n"))]
    library = "libzinc-drm (\\-lzinc-drm)" if "drm" in path.name else \
        "libzinc-kmod (\\-lzinc-kmod)"
    flat = re.sub(r"\n \*", " ", first)
    safe: set[str] = set()
    for sentence in re.split(r"\.\s", flat):
        if "async-signal-safe" in sentence:
            safe.update(re.findall(r"\b(zinc_\w+)\(\)", sentence))
    threads = next((sentence.strip() for sentence in re.split(r"\.\s", flat)
                    if re.search(r"\bthreads?\b", sentence)), "")
    header = Header(path, text, library, " ".join(threads.split()), safe, [])
    if not threads and "linux" not in path.parts:
        header.problem(1, "the first comment says nothing of threads")
    if "ZINC_API" in text and path.name == "zinc.h" and not safe:
        header.problem(1, "the first comment names no async-signal-safe function")
    return header


def main() -> None:
    if len(sys.argv) < 6:
        sys.exit("usage: generate.py OUTPUT DATE TEMPLATE.4.in UAPI.h HEADER.h...")
    output, date, template = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    uapi, *headers = [read(Path(name)) for name in sys.argv[4:]]
    docs = [doc for header in headers for doc in parse(header)]
    device = device_page(template, uapi, parse(uapi), date)
    problems = [line for header in (uapi, *headers) for line in header.problems]
    if problems:
        sys.exit("\n".join(problems))
    known = {doc.name: doc for doc in docs}
    for section in "man3", "man4":
        (output / section).mkdir(parents=True, exist_ok=True)
    for doc in docs:
        (output / "man3" / f"{doc.name}.3").write_text(page(doc, date, known))
        if doc.is_struct:
            alias = output / "man3" / f"{doc.name}.3type"
            alias.unlink(missing_ok=True)
            alias.symlink_to(f"{doc.name}.3")
    (output / "man4" / template.stem).write_text(device)


if __name__ == "__main__":
    main()
