"""The Python client of the documentation, with the one thing that it lacks: a wait for the open socket."""

import json
import threading

import websocket


class NotificationClient:
    def __init__(self, ws_url, api_key):
        self.ws_url = ws_url
        self.api_key = api_key
        self.ws = None
        self.callbacks = {}
        self.opened = threading.Event()

    def on_message(self, ws, message):
        data = json.loads(message)

        if data["type"] == "notification":
            channel = data["notification"]["channel"]
            if channel in self.callbacks:
                self.callbacks[channel](data["notification"])

    def on_open(self, ws):
        # Authenticate
        ws.send(json.dumps({"type": "authenticate", "apiKey": self.api_key}))
        self.opened.set()

    def connect(self):
        self.ws = websocket.WebSocketApp(self.ws_url, on_message=self.on_message, on_open=self.on_open)

        thread = threading.Thread(target=self.ws.run_forever)
        thread.daemon = True
        thread.start()
        self.opened.wait(10)

    def subscribe(self, channel, callback):
        self.callbacks[channel] = callback
        self.ws.send(json.dumps({"type": "subscribe", "channel": channel}))


# Usage
client = NotificationClient("ws://localhost:3001", "your-api-key")
client.connect()


def handle_notification(notification):
    print(f"Received: {notification}", flush=True)


client.subscribe("updates", handle_notification)

input()  # the documented program would end here, and its daemon thread with it
