"""The shop of shop.proto by Python's gRPC; prints its port. Arguments: the folder of the proto files."""

import concurrent.futures
import sys
import time

import grpc
from grpc_reflection.v1alpha import reflection

sys.path.insert(0, sys.argv[1])
protos, services = grpc.protos_and_services("shop.proto")
codes = {code.value[0]: code for code in grpc.StatusCode}


class Cart(services.CartServicer):
    def metadata_back(self, context):
        """What came, one header to give back and the bytes as a trailer."""
        for name, value in context.invocation_metadata():
            if name == "tenant":
                context.send_initial_metadata((("tenant", value),))
            if name == "trace-bin":
                context.set_trailing_metadata((("trace-bin", value),))

    def Add(self, item, context):
        self.metadata_back(context)
        time.sleep(item.delay_ms / 1000)
        if item.fail_with:
            context.abort(codes[item.fail_with], "as asked")
        return item

    def Watch(self, item, context):
        self.metadata_back(context)
        sent = 0
        while context.is_active() and (item.repeat == 0 or sent < item.repeat):
            sent += 1
            if item.delay_ms:
                time.sleep(item.delay_ms / 1000)
            yield protos.Item(id=sent, name=item.name, price=item.price)
        if item.fail_with:
            context.abort(codes[item.fail_with], "as asked")

    def Fill(self, items, context):
        count = 0
        last = protos.Item()
        for last in items:
            count += 1
            if last.fail_with:
                context.abort(codes[last.fail_with], "as asked")
        return protos.Item(id=count, name=last.name)

    def Talk(self, items, context):
        self.metadata_back(context)
        for item in items:
            if item.fail_with:
                context.abort(codes[item.fail_with], "as asked")
            yield item


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
services.add_CartServicer_to_server(Cart(), server)
reflection.enable_server_reflection(("shop.v1.Cart", reflection.SERVICE_NAME), server)
print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
