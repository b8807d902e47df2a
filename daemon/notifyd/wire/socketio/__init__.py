"""Engine.IO and Socket.IO as bytes, and where a session of each stands."""
