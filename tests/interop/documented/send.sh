curl -X POST http://localhost:3000/api/notifications \
  -H "Content-Type: application/json" \
  -H "X-API-Key: your-api-key" \
  -d '{
    "channel": "updates",
    "data": {
      "title": "New Message",
      "body": "You have a new notification!"
    },
    "priority": 8
  }'
