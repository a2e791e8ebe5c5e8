// Jaeger's last OpenTracing client for Go: uber-trace-id and uberctx-* headers, 64-bit ids where it begins a trace.
package main

import (
	"github.com/opentracing/opentracing-go"
	"github.com/uber/jaeger-client-go"

	"interop/hop"
)

func jaegerPeer() peer {
	sampler := jaeger.NewConstSampler(hop.Sampled())
	tracer, _ := jaeger.NewTracer("go-jaeger-client", sampler, jaeger.NewNullReporter())
	return peer{
		name:   "go jaeger-client",
		module: "github.com/uber/jaeger-client-go",
		tracer: tracer,
		facts:  jaegerFacts,
		spanID: func(span opentracing.Span) string { return span.Context().(jaeger.SpanContext).SpanID().String() },
	}
}

func jaegerFacts(span opentracing.Span) hop.Span {
	context := span.Context().(jaeger.SpanContext)
	facts := hop.Span{
		TraceID: context.TraceID().String(),
		SpanID:  context.SpanID().String(),
		Sampled: context.IsSampled(),
		Baggage: map[string]string{},
	}
	if context.ParentID() != 0 {
		facts.ParentID = context.ParentID().String()
	}
	context.ForeachBaggageItem(func(name, value string) bool {
		facts.Baggage[name] = value
		return true
	})
	return facts
}
