"""A program that calls an implementation by itself: for reports, and for who doubts a verdict."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

from lossproof._implementation import Implementation
from lossproof.frameworks import Framework, of_module

#: How a port ends, and where a script finds this package: nothing of the implementation.
_OURS = {"adapter", "lossproof"}

_CALL = """\
from math import inf, nan

input = array({{input}}, "{{input_dtype}}", {{input_shape}})
target = array({{target}}, "{{target_dtype}}", {{target_shape}})
upstream = None
upstream = array({{grad_output}}, "{{grad_output_dtype}}", {{grad_output_shape}})
{arguments}

def loss(input):
    return {call}

print("loss", values(loss(input)))
"""

_GRADIENT = 'print("grad_input", values(gradient(loss, input, upstream)))\n'


def snippet(implementation: Implementation, framework: Framework, gradient: bool) -> str | None:
    """Return a program that makes a call and prints the loss, and the gradient where there is one.

    It imports what the implementation is made of, and not this package; docs/protocol.md says what
    of it lossproof fills in. None for what cannot be written down: a closure, or an argument that
    is no literal.
    """
    if not framework.snippet:
        return None
    try:
        source, function = _function(implementation.function)
        call = _call(implementation, function)
    except _NotWritten:
        return None
    parts = [source, framework.snippet, call]
    if gradient and framework.differentiates:
        parts.append(_GRADIENT)
    return "\n".join(part.strip("\n") for part in parts if part) + "\n"


class _NotWritten(Exception):
    """What has no text."""


def _call(i: Implementation, function: str) -> str:
    """Return the lines that fill the arguments of a call, and make it."""
    more = {name: _literal(value) for name, value in i.arguments.items()}
    lines = ["options = {}", "call = {}"] if i.is_class else ["call = {}"]
    for name in (*i.module.inputs, *i.module.options):
        if name in ("input", "target", "grad_output") or not i.has(name):
            continue
        into = "options" if i.is_class and name in i.constructor else "call"
        parameter = i.constructor[name] if into == "options" else i.call[name]
        if not isinstance(parameter, str):
            raise _NotWritten
        if name in i.module.inputs:
            value = f'array({{{name}}}, "{{{name}_dtype}}", {{{name}_shape}})'
        elif name != "reduction":
            value = f"{{{name}}}"
        elif isinstance(i.reductions, str):
            continue
        elif i.reductions is None:
            value = '"{reduction}"'
        else:
            value = f'{_literal(dict(i.reductions))}["{{reduction}}"]'
        lines.append(f'{into}["{parameter}"] = {value}')
    for name, text in more.items():
        lines.append(f'{"options" if i.is_class else "call"}["{name}"] = {text}')
    given = {i.call[name]: name for name in ("input", "target")}
    arguments = [
        name for place, name in sorted(given.items(), key=lambda g: str(g[0])) if place in (0, 1)
    ]
    arguments += [f"{place}={name}" for place, name in given.items() if isinstance(place, str)]
    if len(arguments) < len(given):
        raise _NotWritten
    made = f"{function}(**options)" if i.is_class else function
    return _CALL.format(arguments="\n".join(lines), call=f"{made}({', '.join(arguments)}, **call)")


def _function(function: Callable[..., Any]) -> tuple[str, str]:
    """Return the lines that define or import a function or a class, and its name."""
    if isinstance(function, functools.partial):
        source, name = _function(function.func)
        arguments = [_literal(value) for value in function.args]
        arguments += [f"{key}={_literal(value)}" for key, value in function.keywords.items()]
        return f"{source}\nimport functools", f"functools.partial({', '.join([name, *arguments])})"
    name = getattr(function, "__name__", "")
    if getattr(function, "__qualname__", "") != name or not name.isidentifier():
        raise _NotWritten  # a method, a closure, a lambda, an object
    module = sys.modules.get(function.__module__)
    if module is None:
        raise _NotWritten
    file = getattr(module, "__file__", None) or ""
    if module.__name__ != "__main__" and "site-packages" in file.replace("\\", "/"):
        public = _public(function, module.__name__)
        return f"import {public}", f"{public}.{name}"
    try:
        text = inspect.getsource(module)
    except (OSError, TypeError):
        raise _NotWritten from None
    return _needed(text, name), name


def _public(function: Callable[..., Any], module: str) -> str:
    """Return the shortest module that has a function under its name."""
    parts = module.split(".")
    for end in range(1, len(parts)):
        outer = ".".join(parts[:end])
        if getattr(importlib.import_module(outer), function.__name__, None) is function:
            return outer
    return module


def _literal(value: Any) -> str:
    """Return the text of a literal."""
    text = repr(value)
    try:
        if ast.literal_eval(text) == value:
            return text
    except (ValueError, SyntaxError):
        pass
    raise _NotWritten


def _needed(text: str, name: str) -> str:
    """Return the statements of a module that its function needs, in their order."""
    body = ast.parse(text).body
    wanted, kept = {name}, set()
    defined = [set(_defined(statement)) for statement in body]
    if not any(name in names for names in defined):
        raise _NotWritten
    changed = True
    while changed:
        changed = False
        for k, statement in enumerate(body):
            if k not in kept and (bool(defined[k] & wanted) or _configures(statement)):
                if _foreign(statement):
                    if defined[k] & wanted:
                        raise _NotWritten  # it needs this package
                    continue
                kept.add(k)
                wanted |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
                changed = True
    lines = text.splitlines()
    parts = []
    for k, statement in enumerate(body):
        if k not in kept:
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            used = [a for a in statement.names if _bound(a) in wanted]
            statement.names = used or statement.names
            parts.append(ast.unparse(statement))
            continue
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]
        )
        parts.append("\n".join(lines[first - 1 : statement.end_lineno]))
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            parts.append("")
    return "\n".join(parts)


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _defined(statement: ast.stmt) -> Iterable[str]:
    """Return the names that a statement defines."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [_bound(alias) for alias in statement.names]
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    return []


def _foreign(statement: ast.stmt) -> bool:
    """Report whether a statement imports what a port is made with."""
    if isinstance(statement, ast.ImportFrom):
        return (statement.module or "").partition(".")[0] in _OURS
    if isinstance(statement, ast.Import):
        return any(alias.name.partition(".")[0] in _OURS for alias in statement.names)
    return False


def _configures(statement: ast.stmt) -> bool:
    """Report whether a statement sets an environment variable or an option of a framework."""
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]).startswith("os.environ[")
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    called = ast.unparse(statement.value.func)
    plain = all(part.isidentifier() for part in called.split("."))
    return plain and "." in called and of_module(called) is not None
