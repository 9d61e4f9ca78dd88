"""Runs operations whose answer comes in parts: a subscription's, event by event, and others' as one part."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable
from contextlib import aclosing
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType, subscribe

from schema.completion import CompiledExecutor
from schema.errors import RateLimited
from schema.execution import CarrierSchema, explained


class EventExecutor(CompiledExecutor):
    """Executes each event of a subscription as if it were the only one."""

    def build_per_event_executor(self, payload: Any) -> Any:
        """graphql-core 3.3 shares one cache among the events, keyed by lists made for each: it only grows."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        executor.context_value = self.context_value.anew()
        return executor


async def stream(
    schema: CarrierSchema, text: str, variables: dict[str, Any] | None, context: Any, name: str | None
) -> AsyncGenerator[ExecutionResult, None]:
    """The answers of an operation, until it ends; an error that ends it is its last answer."""
    document = schema.document(text)
    operation = document.operation(name)
    if operation is None or operation.node.operation is not OperationType.SUBSCRIPTION:
        try:
            async with context.turn():
                answer = await schema.run(text, variables, context, name)
            yield answer
        except RateLimited as error:
            yield ExecutionResult(None, [error])
        return
    try:
        await context.charge(operation.cost)
    except RateLimited as error:
        yield ExecutionResult(None, [error])
        return
    context.operation = operation
    assert document.node is not None
    begun = subscribe(
        schema._schema,
        document.node,
        variable_values=variables,
        operation_name=name,
        context_value=context,
        executor_class=EventExecutor,
        operation_extensions=None,
    )
    source = await begun if isinstance(begun, Awaitable) else begun
    if not isinstance(source, AsyncIterable):
        yield _explained(source)
        return
    results: Any = source
    async with aclosing(results):
        try:
            async for result in results:
                yield _explained(result)
        except GraphQLError as error:
            yield ExecutionResult(None, [explained(error)])


def _explained(result: ExecutionResult) -> ExecutionResult:
    if not result.errors:
        return result
    return ExecutionResult(result.data, [explained(error) for error in result.errors])
