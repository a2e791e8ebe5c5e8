"""A current Tornado, instrumented by opentelemetry-instrumentation-tornado, in the format FORMAT."""

import json
import os

from opentelemetry import baggage, context, propagate, trace
from opentelemetry.instrumentation.tornado import TornadoInstrumentor
from opentelemetry.sdk.trace import TracerProvider, sampling
from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application, RequestHandler

from hop import serve


def propagator():
    """The propagator of a format, and its package; None for the SDK's own: W3C trace context and baggage."""
    name = os.environ["FORMAT"]
    if name == "b3":
        from opentelemetry.propagators.b3 import B3SingleFormat

        return B3SingleFormat(), ["opentelemetry-propagator-b3"]
    if name == "b3multi":
        from opentelemetry.propagators.b3 import B3MultiFormat

        return B3MultiFormat(), ["opentelemetry-propagator-b3"]
    if name == "jaeger":
        from opentelemetry.propagators.jaeger import JaegerPropagator

        return JaegerPropagator(), ["opentelemetry-propagator-jaeger"]
    return None, []


def seen(span):
    identity = span.get_span_context()
    parent = getattr(span, "parent", None)
    return {
        "traceId": trace.format_trace_id(identity.trace_id),
        "spanId": trace.format_span_id(identity.span_id),
        "parentId": trace.format_span_id(parent.span_id) if parent else "",
        "sampled": identity.trace_flags.sampled,
        "baggage": dict(baggage.get_all()),
    }


# The client's span that was started last: the instrumentation alone knows it.
last = None


def started(span, _request):
    global last
    last = span


class CallHandler(RequestHandler):
    async def get(self):
        item = self.get_query_argument("item", None)
        if item is not None:
            context.attach(baggage.set_baggage("item", item))
        told = seen(trace.get_current_span())
        following = self.get_query_argument("next", None)
        client, answer = None, None
        if following is not None:
            call = AsyncHTTPClient().fetch(following)
            client = {"spanId": trace.format_span_id(last.get_span_context().span_id)}
            answer = json.loads((await call).body)
        self.write({"peer": "opentelemetry-instrumentation-tornado", "span": told, "client": client, "next": answer})


root = sampling.ALWAYS_ON if os.environ["SAMPLED"] == "1" else sampling.ALWAYS_OFF
trace.set_tracer_provider(TracerProvider(sampler=sampling.ParentBased(root)))
chosen, packages = propagator()
if chosen is not None:
    propagate.set_global_textmap(chosen)
TornadoInstrumentor().instrument(client_request_hook=started)
serve(
    Application([("/call", CallHandler)]),
    ["opentelemetry-instrumentation-tornado", "tornado", "opentelemetry-sdk"] + packages,
)
