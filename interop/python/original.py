"""The original: tornado_opentracing on Tornado 5.1, with basictracer (FORMAT=ottrace) or jaeger-client (FORMAT=jaeger)."""

import collections
import collections.abc
import json
import os

# Their time's Python had these names here.
for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    setattr(collections, name, getattr(collections.abc, name))

import tornado_opentracing
from opentracing import Format
from opentracing.scope_managers.tornado import TornadoScopeManager
from tornado import gen
from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application, RequestHandler

from hop import serve

SAMPLED = os.environ["SAMPLED"] == "1"


def basic_tracer():
    from basictracer import BasicTracer
    from basictracer.recorder import Sampler
    from basictracer.text_propagator import TextPropagator

    class ConstantSampler(Sampler):
        """Its own one divides by the rate, which cannot be 0."""

        def sampled(self, _trace_id):
            return SAMPLED

    tracer = BasicTracer(sampler=ConstantSampler(), scope_manager=TornadoScopeManager())
    tracer.register_propagator(Format.HTTP_HEADERS, TextPropagator())  # the binary one needs a protobuf of its time
    return tracer


def jaeger_tracer():
    from jaeger_client import ConstSampler, Tracer
    from jaeger_client.codecs import TextCodec
    from jaeger_client.reporter import NullReporter

    class HeadersCodec(TextCodec):
        """Its codec writes to nothing but a dict, which Tornado's headers have not been since Tornado 4."""

        def inject(self, span_context, carrier):
            headers = {}
            super().inject(span_context, headers)
            carrier.update(headers)

    return Tracer(
        "peer",
        NullReporter(),
        ConstSampler(SAMPLED),
        scope_manager=TornadoScopeManager(),
        extra_codecs={Format.HTTP_HEADERS: HeadersCodec(url_encoding=True)},
    )


def seen_by_basic_tracer(span):
    context = span.context
    return ids(context.trace_id, context.span_id, span.parent_id), context.sampled, dict(context.baggage)


def seen_by_jaeger(span):
    context = span.context
    return ids(context.trace_id, context.span_id, span.parent_id), span.is_sampled(), dict(context.baggage)


def ids(trace_id, span_id, parent_id):
    trace = "%x" % trace_id
    return {
        "traceId": trace.rjust(32 if len(trace) > 16 else 16, "0"),
        "spanId": "%016x" % span_id,
        "parentId": "%016x" % parent_id if parent_id else "",
    }


TRACERS = {
    "ottrace": (basic_tracer, seen_by_basic_tracer, ["basictracer"]),
    "jaeger": (jaeger_tracer, seen_by_jaeger, ["jaeger-client"]),
}
make_tracer, seen, packages = TRACERS[os.environ["FORMAT"]]

# The span that was started last, as the callback of tornado_opentracing shows it.
last = None


def started(span, _request):
    global last
    last = span


class CallHandler(RequestHandler):
    @gen.coroutine
    def get(self):
        span = self.settings["opentracing_tracing"].get_span(self.request)
        item = self.get_query_argument("item", None)
        if item is not None:
            span.set_baggage_item("item", item)
        following = self.get_query_argument("next", None)
        client, answer = None, None
        if following is not None:
            call = AsyncHTTPClient().fetch(following)
            client = {"spanId": seen(last)[0]["spanId"]}
            response = yield call
            answer = json.loads(response.body.decode())
        told, sampled, baggage = seen(span)
        told.update(sampled=bool(sampled), baggage=baggage)
        self.write({"peer": "tornado_opentracing", "span": told, "client": client, "next": answer})


tornado_opentracing.init_tracing()
application = Application(
    [("/call", CallHandler)],
    opentracing_tracing=tornado_opentracing.TornadoTracing(make_tracer()),
    opentracing_start_span_cb=started,
)
serve(application, ["tornado-opentracing", "tornado", "opentracing"] + packages)
