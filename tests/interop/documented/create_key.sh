curl -X POST http://localhost:3000/api/keys \
  -H "Content-Type: application/json" \
  -d '{"clientName": "MyApp"}'
