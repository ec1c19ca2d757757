drop function app.enter_even_suspended;
