const WebSocket = require('ws');

const ws = new WebSocket('ws://localhost:3001');

ws.on('open', () => {
  // Authenticate
  ws.send(JSON.stringify({
    type: 'authenticate',
    apiKey: 'your-api-key'
  }));
});

ws.on('message', (data) => {
  const message = JSON.parse(data);
  console.log('Received:', message);

  if (message.type === 'authenticated') {
    // Subscribe to a channel
    ws.send(JSON.stringify({
      type: 'subscribe',
      channel: 'updates'
    }));
  }

  if (message.type === 'notification') {
    console.log('Notification:', message.notification);
  }
});
