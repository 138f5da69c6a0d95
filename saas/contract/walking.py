"""What a handler's code reaches: the query models that it reads, and the problems that it can answer with.

Both are read from the compiled code, by the names that it uses and, through them, from what it calls. So they are as
true as the code: nobody has to keep a list beside it. A call that hides behind a variable isn't seen, but for the steps
of what Stripe is asked: they are known by the name of their kind.
"""

import dis
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, Literal, get_args, get_origin

from saas.billing.steps import functions_of
from saas.errors import DomainError, catalogue
from saas.validation import Query

_OURS: Final = ("saas.", "tenants.", "industry_templates.")


def queries_of(handler: Callable[..., Any]) -> list[type[Query]]:
    """The models of query strings that a handler reads, itself or by a function of its own module."""
    function = _function(handler)
    found = list(_queries(function))
    if not found:
        near = [one for one in _named(function) if _function_of(one) and one.__module__ == function.__module__]
        found = [model for one in near for model in _queries(_function(one))]
    return list(dict.fromkeys(found))


def _queries(function: FunctionType) -> Iterator[type[Query]]:
    for one in _named(function):
        if isinstance(one, type) and issubclass(one, Query) and one is not Query:
            yield one


def problems_of(handler: Callable[..., Any]) -> frozenset[str]:
    """Codes of the problems that a handler's code raises, wherever in it."""
    seen: set[object] = set()
    found: set[str] = set()
    waiting: list[object] = [_function(handler)]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for function in _functions(one):
            found |= _raised(function)
            names = _named(function)
            waiting += [named for named in names if _is_ours(named)]
            waiting += [run for named in names if isinstance(named, str) for run in functions_of(named)]
    return frozenset(found)


def _is_ours(one: object) -> bool:
    callable_ = isinstance(one, type) or _function_of(one) is not None
    return callable_ and str(getattr(one, "__module__", "")).startswith(_OURS)


def _functions(one: object) -> list[FunctionType]:
    """The functions of a function (itself) or a class (its methods)."""
    if isinstance(one, type):
        members = (getattr(member, "fget", None) or member for member in list(vars(one).values()))
        return [function for member in members if (function := _function_of(member))]
    function = _function_of(one)
    return [] if function is None else [function]


def _function_of(one: object) -> FunctionType | None:
    while one is not None and not isinstance(one, FunctionType):
        one = getattr(one, "__wrapped__", None) or getattr(one, "__func__", None) or getattr(one, "func", None)
    while isinstance(one, FunctionType) and isinstance(inner := getattr(one, "__wrapped__", None), FunctionType):
        one = inner  # under a decorator
    return one if isinstance(one, FunctionType) else None


def _function(one: object) -> FunctionType:
    function = _function_of(one)
    if function is None:
        raise TypeError(f"no function: {one!r}")
    return function


@cache
def _raised(function: FunctionType) -> frozenset[str]:
    codes = _codes(function.__code__)
    if not any(DomainError.__name__ in code.co_names for code in codes):
        return frozenset(_literals(function.__annotations__.get("return")) & catalogue().problems.keys())
    texts = {text for code in codes for text in code.co_consts if isinstance(text, str)}
    texts |= {text for one in _named(function) for text in _texts(one)}
    return frozenset(texts & catalogue().problems.keys())


def _literals(annotation: object) -> set[str]:
    """What a function says that it returns: the code for its caller to raise, `Literal["card-taken"] | None`."""
    if get_origin(annotation) is Literal:
        return {one for one in get_args(annotation) if isinstance(one, str)}
    return {text for one in get_args(annotation) for text in _literals(one)}


def _texts(one: object) -> tuple[str, ...]:
    """A code that stands in a constant, or among the values of a table."""
    if isinstance(one, dict):
        return tuple(value for value in one.values() if isinstance(value, str))
    return (one,) if isinstance(one, str) else ()


@cache
def _named(function: FunctionType) -> tuple[Any, ...]:
    """What the names in a function's code stand for: of its module, of modules that it names, of its closure."""
    found: list[Any] = [cell.cell_contents for cell in function.__closure__ or ()]
    for code in _codes(function.__code__):
        space: dict[str, Any] = {}  # of the module that was named last: its attributes follow
        for step in dis.get_instructions(code):
            name = step.argval
            if step.opname == "LOAD_GLOBAL":
                one = function.__globals__.get(name)
                found.append(one)
                space = vars(one) if isinstance(one, ModuleType) else {}
            elif step.opname == "IMPORT_NAME":
                space = vars(sys.modules[name]) if name in sys.modules else {}
            elif step.opname in {"IMPORT_FROM", "LOAD_ATTR", "LOAD_METHOD"} and name in space:
                found.append(space[name])
    return tuple(found)


def _codes(code: CodeType) -> list[CodeType]:
    """A function's code and that of the functions in it."""
    return [code, *(inner for one in code.co_consts if isinstance(one, CodeType) for inner in _codes(one))]
