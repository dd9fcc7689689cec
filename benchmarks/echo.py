"""`python -m benchmarks.echo HOST PORT USER PASSWORD`: a bare paho client that sends back and counts."""

from __future__ import annotations

import sys

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

ECHO = "bare/echo"
ECHOED = "bare/echoed"
SENSOR = "bare/sensor"
COUNT = "bare/count"


class Counter:
    """How many readings came since it was last asked."""

    def __init__(self) -> None:
        self.readings = 0

    def on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.topic == SENSOR:
            self.readings += 1
        elif message.topic == COUNT:
            client.publish(ECHOED, str(self.readings), qos=1)
            self.readings = 0
        else:
            client.publish(ECHOED, message.payload, qos=1)


def _subscribe(client: Client, *_: object) -> None:
    client.subscribe([(ECHO, 1), (COUNT, 1), (SENSOR, 0)])


def main() -> None:
    """Serve until killed; says `ready` once it is."""
    host, port, username, password = sys.argv[1:]
    # MQTT 5, as the daemon speaks it to Mosquitto: paho needs 10 us more for each message of it than for 3.1.1.
    client = Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(username, password)
    client.on_message = Counter().on_message
    client.on_connect = _subscribe
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect(host, int(port))
    client.loop_forever()


if __name__ == "__main__":
    main()
