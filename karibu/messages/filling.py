"""A Liquid template as one Python function: what the library's tree of nodes would print, several times as fast.

`function_of(template)` writes the source of the function from the parsed tree. Nothing of a template becomes code: its
texts, numbers and names stand in a table of constants, and the source names their places. A template with a tag or an
expression that is not known here has no such function (None) and is rendered by the library. Both are held to the same
bounds (sandbox.py), and `tests/test_filling.py` compares their output.
"""

from collections.abc import Callable, Mapping
from typing import Any

from liquid import ast
from liquid.builtin import content as contents
from liquid.builtin import output
from liquid.builtin.expressions import arguments, filtered, logical, loop, path, primitive
from liquid.builtin.tags import assign_tag, capture_tag, comment_tag, for_tag, if_tag, unless_tag

from karibu.messages import printing
from karibu.messages.printing import Run

Fill = Callable[[Mapping[str, object], Run], str]
_OUTPUTS = 16  # between two looks at how long the text has become
_COMPARISONS: dict[type, str] = {
    logical.EqExpression: "eq({0}, {1})",
    logical.NeExpression: "not eq({0}, {1})",
    logical.LtExpression: "lt(None, {0}, {1})",
    logical.GtExpression: "lt(None, {1}, {0})",
    logical.LeExpression: "le({0}, {1})",
    logical.GeExpression: "le({1}, {0})",
    logical.ContainsExpression: "contains(None, {0}, {1})",
}
_JOINED: dict[type, str] = {
    logical.LogicalAndExpression: "(true({0}) and true({1}))",
    logical.LogicalOrExpression: "(true({0}) or true({1}))",
}
_LITERALS = (
    primitive.TrueLiteral,
    primitive.FalseLiteral,
    primitive.IntegerLiteral,
    primitive.FloatLiteral,
    primitive.Nil,
    primitive.Empty,
    primitive.Blank,
    primitive.StringLiteral,
)


class Unknown(Exception):
    """A part of the tree that has no way to be written."""


def function_of(template: Any) -> Fill | None:
    """The template's function, or None where only the library can render it."""
    writer = _Writer(template.env)
    writer.counts_loops = "forloop" in str(template)
    try:
        code = compile(writer.whole(template.nodes), "<a template>", "exec")
    except (Unknown, RecursionError, SyntaxError, MemoryError):  # the last three: nested too deeply for Python
        return None
    names: dict[str, Any] = {**printing.NAMES, **writer.table, "put_as": printing.printer(template.env.autoescape)}
    exec(code, names)  # noqa: S102 - the source is ours, see above
    fill: Fill = names["fill"]
    return fill


class _Writer:
    """Writes the function line by line. `loops` are the names of the loops that a line stands in, innermost last."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.counts_loops = False  # whether anything asks for `forloop`
        self.lines: list[str] = []
        self.table: dict[str, object] = {}
        self.loops: list[tuple[str, str]] = []
        self.depth = 1
        self.out = "out"
        self.numbers = 0
        self.outputs = 0

    def whole(self, nodes: list[ast.Node]) -> str:
        for node in nodes:
            self.node(node)
        body = ["def fill(facts, run):", " scope = dict(facts)", " out = []", " m0 = 1"]
        return "\n".join([*body, *self.lines, " return run.joined(out)"])

    # Lines

    def node(self, node: ast.Node, *, silent: bool = False) -> None:
        write = _NODES.get(type(node))
        if write is None:
            raise Unknown(type(node))
        if self.depth > 18:  # CPython nests no more than twenty blocks
            raise Unknown("too deep")
        write(self, node, silent)

    def line(self, text: str) -> None:
        self.lines.append(" " * self.depth + text)

    def inside(self, block: ast.BlockNode, silent: bool) -> None:
        """A block; one of whitespace alone prints nothing, which is Liquid's rule."""
        self.depth += 1
        self.line("pass")
        for node in block.nodes:
            self.node(node, silent=silent or block.blank)
        self.depth -= 1

    def content(self, node: contents.ContentNode, silent: bool) -> None:
        if not silent and node.text:
            self.line(f"{self.out}.append({self.constant(node.text)})")

    def output(self, node: output.OutputNode, silent: bool) -> None:
        value = self.value(node.expression)
        self.line(value if silent else f"{self.out}.append(put_as({value}))")
        self.outputs += 1
        if self.outputs % _OUTPUTS == 0:
            self.line(f"run.look({self.out})")

    def assign(self, node: assign_tag.AssignNode, silent: bool) -> None:
        self.line(f"run.assign(scope, {self.constant(str(node.name))}, {self.value(node.expression)})")

    def capture(self, node: capture_tag.CaptureNode, silent: bool) -> None:
        outer, self.out = self.out, self.fresh("o")
        self.line(f"{self.out} = []")
        self.line("if True:")
        self.inside(node.block, False)
        kept = f"run.captured({self.out}, {self.env.autoescape})"
        self.line(f"run.assign(scope, {self.constant(str(node.name))}, {kept})")
        self.out = outer

    def comment(self, node: comment_tag.CommentNode, silent: bool) -> None:
        pass

    def either(self, node: Any, silent: bool) -> None:
        denied = "not " if isinstance(node, unless_tag.UnlessNode) else ""
        self.line(f"if {denied}true({self.value(node.condition)}):")
        self.inside(node.consequence, silent)
        for other in node.alternatives:
            self.line(f"elif true({self.value(other.expression)}):")
            self.inside(other.block, silent)
        if node.default:
            self.line("else:")
            self.inside(node.default, silent)

    def each(self, node: for_tag.ForNode, silent: bool) -> None:
        known = node.expression
        items, count, item, this = (self.fresh(letter) for letter in "incf")
        self.line(f"{items}, {count} = {self.sliced(known)}")
        self.line(f"if {count}:")
        self.depth += 1
        level = len(self.loops)
        self.line(f"m{level + 1} = run.looped(m{level} * {count})")
        if self.counts_loops:
            above = self.loops[-1][1] if self.loops else "undefined"
            self.line(f"{this} = loop({self.constant(known.identifier)}, {items}, {count}, {above})")
        self.line(f"for {item} in {this if self.counts_loops else items}:")
        self.depth += 1
        self.line(f"run.step({self.out})")
        self.depth -= 1
        self.loops.append((known.identifier, this))
        self.table.setdefault("items of", {})[this] = item  # type: ignore[index]
        self.inside(node.block, silent)
        self.loops.pop()
        self.depth -= 1
        if node.default:
            self.line("else:")
            self.inside(node.default, silent)

    def leave(self, node: ast.Node, silent: bool) -> None:
        if not self.loops:
            raise Unknown("break outside of a loop")
        self.line("break" if isinstance(node, for_tag.BreakNode) else "continue")

    # Expressions

    def value(self, known: Any) -> str:
        kind = type(known)
        if kind in _LITERALS:
            return self.constant(known.evaluate(_Literal(self.env.autoescape)))
        if kind is path.Path:
            return self.looked_up(known)
        if kind is filtered.FilteredExpression:
            return self.through(known)
        if kind is logical.BooleanExpression:
            return self.value(known.expression)
        if kind is logical.LogicalNotExpression:
            return f"(not true({self.value(known.right)}))"
        if pattern := _COMPARISONS.get(kind) or _JOINED.get(kind):
            return "(" + pattern.format(self.value(known.left), self.value(known.right)) + ")"
        if kind is primitive.RangeLiteral:
            return f"run.range({self.value(known.start)}, {self.value(known.stop)})"
        raise Unknown(kind)

    def looked_up(self, known: path.Path) -> str:
        first, *rest = known.path
        if not isinstance(first, str) or first in ("now", "today"):
            raise Unknown(first)
        value = self.root(first)
        for segment in rest:
            key = self.looked_up(segment) if isinstance(segment, path.Path) else self.constant(segment)
            value = f"at({value}, {key})"
        return value

    def root(self, name: str) -> str:
        """A loop's own names stand before all others."""
        for identifier, this in reversed(self.loops):
            if name == "forloop":
                return this
            if name == identifier:
                return str(self.table["items of"][this])  # type: ignore[index]
        return f"scope.get({self.constant(name)}, undefined)"

    def through(self, known: filtered.FilteredExpression) -> str:
        value = self.value(known.left)
        for one in known.filters or ():
            if one.name not in self.env.filters:
                raise Unknown(one.name)
            function = self.constant(printing.bounded(self.env, one.name, one.token))
            given = [self.argument(argument) for argument in one.args]
            quick = printing.QUICK.get((one.name, len(given)), "")
            if quick and not any(word.startswith("**") for word in given):
                value = f"{quick}({', '.join([function, 'run', value, *given])})"
            else:
                value = f"{function}({', '.join(['run', value, *given])})"
        return value

    def argument(self, known: Any) -> str:
        if isinstance(known, arguments.KeywordArgument):
            if not known.name.isidentifier() or known.name.startswith("_"):
                raise Unknown(known.name)
            return f"**{{{self.constant(known.name)}: {self.value(known.value)}}}"
        return self.value(known.value)

    def sliced(self, known: loop.LoopExpression) -> str:
        if known.cols is not None or isinstance(known.offset, primitive.StringLiteral):
            raise Unknown("cols, or offset: continue")
        limit, offset = (self.value(one) if one else "None" for one in (known.limit, known.offset))
        return f"sliced({self.value(known.iterable)}, {limit}, {offset}, {bool(known.reversed)})"

    def constant(self, value: object) -> str:
        name = self.fresh("k")
        self.table[name] = value
        return name

    def fresh(self, letter: str) -> str:
        self.numbers += 1
        return f"{letter}{self.numbers}_"


class _Literal:
    """As much of a context as a literal asks for."""

    def __init__(self, autoescape: bool) -> None:
        self.autoescape = autoescape


_NODES: dict[type, Any] = {
    contents.ContentNode: _Writer.content,
    output.OutputNode: _Writer.output,
    assign_tag.AssignNode: _Writer.assign,
    capture_tag.CaptureNode: _Writer.capture,
    comment_tag.CommentNode: _Writer.comment,
    if_tag.IfNode: _Writer.either,
    unless_tag.UnlessNode: _Writer.either,
    for_tag.ForNode: _Writer.each,
    for_tag.BreakNode: _Writer.leave,
    for_tag.ContinueNode: _Writer.leave,
}
