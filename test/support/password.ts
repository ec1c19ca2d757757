/** What people of tests sign in with. */
export const PASSWORD = 'correct horse battery';
/** Of it, as the server makes them: nothing has to be hashed for each person. */
export const PASSWORD_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$SO0OKla1dFk8DzG0q7Er+Q$GQyZnExBJor+fMBVVEKLLtnsnlv8xgAggFfpF6CmLaM';
