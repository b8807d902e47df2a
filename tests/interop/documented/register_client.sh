curl -X POST http://localhost:3000/api/v1/clients \
  -H "Content-Type: application/json" \
  -d '{
    "appName": "Your App Name",
    "clientSecret": "your-secret-key-at-least-8-chars",
    "clientUrl": "https://your-app-domain.com",
    "description": "Description of your application",
    "cookieName": "your_auth_cookie_name"
  }'
