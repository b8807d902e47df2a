"""Users of registered clients on Socket.IO and in the plain JSON dialect: `/client-{clientId}`."""
