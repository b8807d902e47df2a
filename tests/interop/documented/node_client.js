const WebSocket = require('ws');

class NotificationClient {
  constructor(wsUrl, apiKey) {
    this.wsUrl = wsUrl;
    this.apiKey = apiKey;
    this.ws = null;
    this.callbacks = new Map();
  }

  connect() {
    return new Promise((resolve, reject) => {
      this.ws = new WebSocket(this.wsUrl);

      this.ws.on('open', () => {
        this.authenticate();
      });

      this.ws.on('message', (data) => {
        const message = JSON.parse(data);

        if (message.type === 'authenticated' && message.success) {
          resolve();
        }

        if (message.type === 'notification') {
          this.handleNotification(message.notification);
        }
      });

      this.ws.on('error', reject);
    });
  }

  authenticate() {
    this.ws.send(JSON.stringify({
      type: 'authenticate',
      apiKey: this.apiKey
    }));
  }

  subscribe(channel, callback) {
    this.callbacks.set(channel, callback);
    this.ws.send(JSON.stringify({
      type: 'subscribe',
      channel
    }));
  }

  handleNotification(notification) {
    const callback = this.callbacks.get(notification.channel);
    if (callback) {
      callback(notification);
    }
  }

  disconnect() {
    if (this.ws) {
      this.ws.close();
    }
  }
}

// Usage
const client = new NotificationClient('ws://localhost:3001', 'your-api-key');

client.connect().then(() => {
  console.log('Connected!');

  client.subscribe('updates', (notification) => {
    console.log('Received notification:', notification);
  });
});
