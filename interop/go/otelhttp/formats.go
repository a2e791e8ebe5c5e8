// The header formats that OpenTelemetry has for Go, by our names.
package main

import (
	"go.opentelemetry.io/contrib/propagators/aws/xray"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/contrib/propagators/jaeger"
	"go.opentelemetry.io/contrib/propagators/ot"
	"go.opentelemetry.io/otel/propagation"
)

type format struct {
	propagator propagation.TextMapPropagator
	// module has the propagator.
	module string
}

var formats = map[string]format{
	"tracecontext": {
		propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		"go.opentelemetry.io/otel",
	},
	"b3":      {b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)), "go.opentelemetry.io/contrib/propagators/b3"},
	"b3multi": {b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader)), "go.opentelemetry.io/contrib/propagators/b3"},
	"jaeger":  {jaeger.Jaeger{}, "go.opentelemetry.io/contrib/propagators/jaeger"},
	"ottrace": {ot.OT{}, "go.opentelemetry.io/contrib/propagators/ot"},
	"xray":    {xray.Propagator{}, "go.opentelemetry.io/contrib/propagators/aws"},
}
