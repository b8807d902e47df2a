"""The REST interface of both services, and Swagger UI.

`app.ChannelServiceApp` is what the edge serves on PORT, `websocket_port.WebSocketPortApp` on WS_PORT. A request becomes
a `call.Call`, passes the `gate`, is answered by the endpoint of its operation (see wire/rest/operations.py), and
`reception` puts the common headers on the answer, whichever of the two ways it came: `fast`, or through Starlette.
"""
