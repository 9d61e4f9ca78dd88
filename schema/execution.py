"""Runs operations: a document is parsed and validated once, and its limits apply before anything is read."""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    OperationDefinitionNode,
    OperationType,
    coerce_input_value,
    execute,
    parse,
    specified_rules,
    validate,
    validate_input_value,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from models.database import UNAVAILABLE, disconnected
from observability.requests import note_operation
from schema import limits
from schema.coercion import Unfit, Variables
from schema.completion import CompiledExecutor, Form
from schema.errors import UserError, UserErrorCode
from schema.prepared import Prepared
from schema.selections import Operation, declared

# What is kept of a document is 100 times its text, and makes each full garbage collection longer.
KEPT_DOCUMENTS, KEPT_CHARACTERS = 512, 200_000
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
GAVE_UP = "Validation aborted."  # graphql-core's words, which say nothing of why
MAX_ERRORS = 20  # of a document that are told: one that has many more is slow to look through
SECOND = 2  # sight of an operation: it is compiled then, because what comes once would only pay for it
log = logging.getLogger("carrierql")


class Document:
    """A document that was parsed and validated, with its operations by name."""

    def __init__(self, schema: Any, text: str) -> None:
        self.errors: list[GraphQLError] = []
        self.operations: dict[str, Operation] = {}
        try:
            self.node: DocumentNode | None = _parse(text)
        except GraphQLError as error:
            self.errors, self.node = [_bare(error)], None
            return
        # The limits first: the cost of the other rules grows with the square of what they bound.
        self.errors = validate(schema, self.node, [limits.Limits]) or validate(
            schema, self.node, RULES, max_errors=MAX_ERRORS
        )
        if self.errors:
            self.errors, self.node = [_bare(error) for error in self.errors], None
            return
        definitions = self.node.definitions
        fragments = {
            node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)
        }
        for node in definitions:
            if isinstance(node, OperationDefinitionNode):
                cost = limits.cost(node, fragments)
                self.operations[node.name.value if node.name else ""] = Operation(
                    schema, node, fragments, cost
                )

    def operation(self, name: str | None) -> Operation | None:
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name or "")

    def unknown_operation(self) -> GraphQLError:
        known = ", ".join(sorted(name for name in self.operations if name)) or "it has none"
        return GraphQLError(f"operationName must name one of the document's operations: {known}")


def _bare(error: GraphQLError) -> GraphQLError:
    """The same without what it was found in, which may be a hundred times as large."""
    if error.message == GAVE_UP:
        message = "this document's fragments are nested too deeply, or used too often; ask for less at once"
        return GraphQLError(message, extensions={"code": "TOO_COMPLEX"})
    return GraphQLError(
        error.message, source=error.source, positions=error.positions, extensions=error.extensions
    )


def _parse(text: str) -> DocumentNode:
    if len(text) > limits.MAX_CHARACTERS:
        raise GraphQLError(
            f"this document has {len(text)} characters, over the limit of {limits.MAX_CHARACTERS}",
            extensions={"code": "TOO_COMPLEX", "limit": limits.MAX_CHARACTERS},
        )
    try:
        return parse(text, max_tokens=limits.MAX_TOKENS)
    except RecursionError:
        raise GraphQLError("this document is nested too deeply to be read") from None


class CarrierSchema(strawberry.Schema):
    """An ordinary Strawberry schema with one way to run an operation, for /graphql and the facade alike."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("execution_context_class", CompiledExecutor)
        super().__init__(*args, **options)
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._kept_characters = 0

    async def run(
        self,
        text: str,
        variables: dict[str, Any] | None,
        context: Any,
        operation_name: str | None = None,
        form: Form | None = None,
    ) -> ExecutionResult:
        """Run an operation. In `data`, DateTime and JSON are Python values for orjson to write.

        Where its objects could be written in `form` at once, the result is `Formed`. Raises RateLimited.
        """
        document = self.document(text)
        operation = document.operation(operation_name)
        if operation is None:
            return ExecutionResult(None, document.errors or [document.unknown_operation()])
        context.operation = operation
        note_operation(operation.node.name.value if operation.node.name else "")
        if operation.cost:
            await context.charge(operation.cost)
        operation.runs += 1
        if operation.runs == SECOND:
            operation.prepared, operation.variables = self._prepared(operation), self._variables(operation)
        done = await operation.prepared.run(variables or {}, context, form) if operation.prepared else None
        if done is None:
            begun = self._executed(operation, variables or {}, context)
            done = await (begun or self._execute(document, variables, context, operation_name))
        if done.errors:
            done = ExecutionResult(done.data, [explained(error) for error in done.errors])
        return done

    def _prepared(self, operation: Operation) -> Prepared | None:
        """The operation's fast path; None where it has none, or the schema is to run all by graphql-core."""
        if not issubclass(self.execution_context_class, CompiledExecutor):
            return None
        try:
            return Prepared(self, operation)
        except Unfit:
            return None

    def _variables(self, operation: Operation) -> Variables | None:
        """How a mutation's variables are coerced; None where graphql-core has to do it."""
        if operation.node.operation is not OperationType.MUTATION:
            return None
        if not issubclass(self.execution_context_class, CompiledExecutor):
            return None
        try:
            return Variables(self._schema, operation.node.variable_definitions or (), built=False)
        except (Unfit, KeyError, AttributeError):
            return None

    def _executed(
        self, operation: Operation, variables: dict[str, Any], context: Any
    ) -> Awaitable[ExecutionResult] | None:
        """The result of a mutation whose variables are right; None where graphql-core has to say so."""
        if operation.variables is None:
            return None
        try:
            coerced = operation.variables.coerced(variables)
        except Exception:  # noqa: BLE001 - graphql-core finds the same fault, and words it
            return None
        result = CompiledExecutor.of(operation, coerced, context).execute_operation()
        return cast("Awaitable[ExecutionResult]", result)  # a mutation's resolvers are coroutines

    async def _execute(
        self, document: Document, variables: dict[str, Any] | None, context: Any, operation_name: str | None
    ) -> ExecutionResult:
        """What graphql-core makes of an operation."""
        result = execute(
            self._schema,
            cast("DocumentNode", document.node),
            variable_values=variables,
            operation_name=operation_name,
            context_value=context,
            executor_class=self.execution_context_class,
            is_awaitable=cast("Any", optimized_is_awaitable),
            operation_extensions=None,
        )
        return await result if isinstance(result, Awaitable) else result

    def document(self, text: str) -> Document:
        """The document of this text; the ones used last are kept."""
        kept = self._documents.get(text)
        if kept is not None:
            self._documents.move_to_end(text)
            return kept
        document = Document(self._schema, text)
        if len(text) <= limits.MAX_CHARACTERS:
            self._documents[text] = document
            self._kept_characters += len(text)
        while len(self._documents) > KEPT_DOCUMENTS or self._kept_characters > KEPT_CHARACTERS:
            self._kept_characters -= len(self._documents.popitem(last=False)[0])
        return document

    def problems(self, input_type: str, value: dict[str, Any]) -> list[UserError]:
        """All that is wrong with the value of an input: its types first, then its own rules for the rest."""
        type_ = cast("GraphQLInputObjectType", self._schema.get_type(input_type))
        found: list[UserError] = []

        def note(error: GraphQLError, path: list[str | int]) -> None:
            field = [str(part) for part in path] or _missing_field(type_, value, found)
            missing = not path or (len(path) == 1 and value[str(path[0])] is None)
            code = UserErrorCode.REQUIRED if missing else UserErrorCode.INVALID
            found.append(UserError(message=_plain(error, field, code), field=field, code=code))

        validate_input_value(value, type_, note)
        wrong = {error.field[0] for error in found if error.field}
        rest = _built(type_, {name: part for name, part in value.items() if name not in wrong})
        own = (error for error in rest.problems() if error.field and error.field[0] not in wrong)
        return [*found, *own]


def _missing_field(type_: GraphQLInputObjectType, value: dict[str, Any], found: list[UserError]) -> list[str]:
    """graphql-core names a missing field in words alone: they come in the order of the type's fields."""
    seen = {error.field[0] for error in found if error.field and error.code is UserErrorCode.REQUIRED}
    required = [name for name, field in type_.fields.items() if str(field.type).endswith("!")]
    return next(([name] for name in required if name not in value and name not in seen), [])


def _plain(error: GraphQLError, field: list[str], code: UserErrorCode) -> str:
    name = field[-1] if field else "input"
    if code is UserErrorCode.REQUIRED:
        return f"{name} is required"
    return f"{name} is invalid: {error.original_error or error.message}"


def _built(type_: GraphQLInputObjectType, value: dict[str, Any]) -> Any:
    """An instance of an input's class with the fields that are right, to ask it for the problems of those."""
    origin = type_.extensions["strawberry-definition"].origin
    instance = object.__new__(origin)
    for name, field in type_.fields.items():
        found = declared(cast("Any", field))
        assert found is not None
        setattr(instance, found.python_name, None)
        if name in value:
            coerced = _coerce(field.type, value[name])
            maybe = "Maybe" in str(found.type_annotation.raw_annotation) if found.type_annotation else False
            setattr(instance, found.python_name, strawberry.Some(coerced) if maybe else coerced)
    return instance


def _coerce(type_: Any, value: Any) -> Any:
    return coerce_input_value(value, type_)


def explained(error: GraphQLError) -> GraphQLError:
    """An error as clients may see it: a fault of ours becomes an id that the log has too."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error
    if isinstance(cause, UNAVAILABLE) or disconnected(cause):
        message, extensions = "the database is away; try again in a moment", {"code": "UNAVAILABLE"}
        log.warning("database away", extra={"error": repr(cause)})
    else:
        identifier = secrets.token_hex(8)
        message, extensions = (
            f"something went wrong on our side; the log knows it as {identifier}",
            {
                "code": "INTERNAL",
                "id": identifier,
            },
        )
        log.error("operation failed", extra={"id": identifier, "path": error.path}, exc_info=cause)
    return GraphQLError(message, error.nodes, path=error.path, extensions=extensions)
