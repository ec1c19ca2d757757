drop function app.sweep_kept_answers, app.keep_answer, app.claim_idempotency_key;
drop table kept_answers;
