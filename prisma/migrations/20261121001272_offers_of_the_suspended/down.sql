drop trigger cancel_ownership_transfers on users;
drop function app.cancel_offers_of_suspended();
