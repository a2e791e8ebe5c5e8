// Lets zipkin-javascript-opentracing's local spans be local: it records them as a client's.

/** Takes what zipkin's tracer records. */
export interface Recorder {
  record(record: { annotation: Annotation }): void;
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
