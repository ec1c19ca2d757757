drop function app.enqueue(text, json);
