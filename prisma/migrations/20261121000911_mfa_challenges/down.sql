drop function app.spend_mfa_challenge, app.claim_mfa_attempt, app.issue_mfa_challenge;
drop table mfa_challenges;
