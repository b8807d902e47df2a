const { io } = require('socket.io-client');
const clientId = 'your-client-id';

// Using jsonwebtoken library
const jwt = require('jsonwebtoken');

const token = jwt.sign({
  sub: 'user-id',
  userId: 'user-id',
  clientId: 'your-client-id'
}, 'your-client-secret', {
  expiresIn: '24h'
});

const socket = io(`http://your-server:3000/client-${clientId}`, {
  path: '/socket.io',
  transports: ['websocket', 'polling'],
  auth: {
    clientId: 'your-client-id',
    token: 'your-jwt-token-signed-with-client-secret',
    fcmToken: 'optional-fcm-token-for-push-notifications'
  }
});

socket.on('notification', (data) => {
  console.log('Received notification:', data);
  // Handle the notification in your UI
});

socket.on('connect', () => {
  console.log('Connected', socket.id);
  socket.emit('ping');
  socket.emit('notification-job', {
    payload: {
      title: 'Notification Title',
      body: 'Notification Body',
      data: { customField: 'value' }
    },
    sockets: ['target-socket-id-1', 'target-socket-id-2']  // Optional: specific sockets
  });
});
socket.on('pong', () => console.log('pong'));
