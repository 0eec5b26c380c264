"""An OTLP/gRPC receiver on the official server: what it takes goes the way of the HTTP sink's."""

from concurrent import futures
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces
from sink import SIGNALS, Sink


@dataclass
class Refusal:
    """An answer that is no success; `delay` is the seconds of a RetryInfo."""

    code: grpc.StatusCode
    message: str = "refused"
    delay: float | None = None

    def trailers(self):
        if self.delay is None:
            return ()
        nanos = int(self.delay * 1e9)
        info = RetryInfo(
            retry_delay=Duration(seconds=nanos // 10**9, nanos=nanos % 10**9)
        )
        packed = Any()
        packed.Pack(info)
        status = Status(code=self.code.value[0], message=self.message, details=[packed])
        return (("grpc-status-details-bin", status.SerializeToString()),)


@dataclass
class GRPCSink(Sink):
    """`refusals` are `Refusal`s here; `certificates` is (key, certificate, CA of clients)."""

    certificates: tuple | None = None
    # 0: any that is free.
    port: int = 0
    # Seconds a client gave each call.
    deadlines: list = field(default_factory=list)

    def listen(self):
        self.server = grpc.server(
            futures.ThreadPoolExecutor(4),
            options=[("grpc.max_receive_message_length", self.bytes_max)],
        )
        for signal, add in (
            ("traces", traces.add_TraceServiceServicer_to_server),
            ("metrics", metrics.add_MetricsServiceServicer_to_server),
            ("logs", logs.add_LogsServiceServicer_to_server),
        ):
            add(Service(self, signal), self.server)
        if self.certificates:
            key, certificate, ca = (p and p.read_bytes() for p in self.certificates)
            credentials = grpc.ssl_server_credentials(
                [(key, certificate)], root_certificates=ca, require_client_auth=bool(ca)
            )
            port = self.server.add_secure_port(f"localhost:{self.port}", credentials)
            self.url = f"https://localhost:{port}"
        else:
            port = self.server.add_insecure_port(f"127.0.0.1:{self.port}")
            self.url = f"http://127.0.0.1:{port}"
        self.server.start()

    def stop(self):
        self.server.stop(None).wait()

    def call(self, signal, request, context):
        headers = dict(context.invocation_metadata())
        with self.changed:
            self.requests.append((f"/{signal}", headers))
            self.deadlines.append(context.time_remaining())
            if self.refusals and signal == "traces":
                refusal = self.refusals.pop(0)
                self.changed.notify_all()
                context.set_trailing_metadata(refusal.trailers())
                context.set_code(refusal.code)
                context.set_details(refusal.message)
                return SIGNALS[signal].response()
            self.accept(signal, request, request.SerializeToString())
        return self.response(signal)


class Service:
    def __init__(self, sink, signal):
        self.sink = sink
        self.signal = signal

    def Export(self, request, context):  # noqa: N802
        return self.sink.call(self.signal, request, context)
