"""The shop of shop.proto by Python's gRPC; prints its port. Arguments: the folder of the proto files."""

import concurrent.futures
import sys
import time

import grpc

sys.path.insert(0, sys.argv[1])
protos, services = grpc.protos_and_services("shop.proto")
codes = {code.value[0]: code for code in grpc.StatusCode}


class Cart(services.CartServicer):
    def Add(self, item, context):
        for name, value in context.invocation_metadata():
            if name == "tenant":
                context.send_initial_metadata((("tenant", value),))
        time.sleep(item.delay_ms / 1000)
        if item.fail_with:
            context.abort(codes[item.fail_with], "as asked")
        return item


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
services.add_CartServicer_to_server(Cart(), server)
print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
