"""Engine.IO 4 and Socket.IO 5 on the edge: transports, sessions and namespaces, knowing nothing of notifications."""
