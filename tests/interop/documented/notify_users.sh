curl -X POST http://localhost:3000/api/v1/notifications \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer your-admin-token" \
  -d '{
    "clientId": "your-client-id",
    "users": ["user1", "user2"],
    "payload": {
      "title": "Notification Title",
      "body": "Notification Body",
      "actionUrl": "https://example.com/action",
      "imageUrl": "https://example.com/image.jpg",
      "data": { "customField": "value" }
    }
  }'
