// Mends what zipkin-javascript-opentracing records: local spans as a client's, and those of debug traces without their mark.

/** Takes what zipkin's tracer records. */
export interface Recorder {
  record(record: { annotation: Annotation; readonly traceId: Identity }): void;
}
/** Of a span's identity: the decision, which is handed down from parent to child as one object, and zipkin's own mark. */
interface Identity {
  readonly sampled: unknown;
  _debug?: boolean;
}
export interface Annotation {
  readonly annotationType: string;
}
interface Annotations {
  readonly Annotation: {
    readonly LocalOperationStart: new (name?: string) => Annotation;
    readonly LocalOperationStop: new () => Annotation;
  };
}

/** Hands on to `recorder` what it gets, with the start and end of a client's call turned into those of an operation. */
export function localRecorder({ Annotation }: Annotations, recorder: Recorder): Recorder {
  return {
    record(record) {
      const { annotationType } = record.annotation;
      if (annotationType === "ClientSend") record.annotation = new Annotation.LocalOperationStart();
      else if (annotationType === "ClientRecv") record.annotation = new Annotation.LocalOperationStop();
      recorder.record(record);
    },
  };
}

/** Hands on to `recorder` what it gets; spans with the decision `debug` are marked so, which the package does not hand down. */
export function debugRecorder(debug: object, recorder: Recorder): Recorder {
  return {
    record(record) {
      if (record.traceId.sampled === debug) record.traceId._debug = true;
      recorder.record(record);
    },
  };
}
