// The basic tracer of OpenTracing for Go: ot-tracer-* headers, 64-bit ids.
package main

import (
	"fmt"

	"github.com/opentracing/basictracer-go"
	"github.com/opentracing/opentracing-go"

	"interop/hop"
)

func basicPeer() peer {
	recorder := basictracer.NewInMemoryRecorder()
	options := basictracer.DefaultOptions()
	options.Recorder = recorder
	options.ShouldSample = func(uint64) bool { return hop.Sampled() }
	return peer{
		name:   "go basictracer",
		module: "github.com/opentracing/basictracer-go",
		tracer: basictracer.NewWithOptions(options),
		facts:  func(span opentracing.Span) hop.Span { return recorded(recorder, basicID(span)) },
		spanID: basicID,
	}
}

func recorded(recorder *basictracer.InMemorySpanRecorder, spanID string) hop.Span {
	for _, raw := range recorder.GetSpans() {
		if hex(raw.Context.SpanID) != spanID {
			continue
		}
		facts := hop.Span{
			TraceID: hex(raw.Context.TraceID),
			SpanID:  spanID,
			Sampled: raw.Context.Sampled,
			Baggage: raw.Context.Baggage,
		}
		if raw.ParentSpanID != 0 {
			facts.ParentID = hex(raw.ParentSpanID)
		}
		return facts
	}
	return hop.Span{}
}

func basicID(span opentracing.Span) string {
	return hex(span.Context().(basictracer.SpanContext).SpanID)
}

func hex(id uint64) string { return fmt.Sprintf("%016x", id) }
