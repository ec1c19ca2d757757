/**
 * Swagger UI's sign-in. The session is in cookies that this page can't read: it outlives a reload, and no script can take it.
 * A classic script, run before Swagger UI is made, which calls `session.outgoing`.
 */
window.session = (() => {
  const API = '/api/v1';
  const BY_COOKIE = { 'X-Token-Transport': 'cookie' };

  const form = element('form', { id: 'sign-in', method: 'post' });
  const account = element('p', { id: 'account' });
  const message = element('p', { id: 'sign-in-message', role: 'alert' });

  /** What Swagger UI is about to send: sign-ins ask for cookies, and all of it goes through `send`. */
  function outgoing(request) {
    if (isOfAuthentication(request.url)) Object.assign(request.headers, BY_COOKIE);
    return Object.assign(request, { userFetch: send });
  }

  /** `fetch`, once more with a fresh token where the token had expired. */
  async function send(url, options) {
    let answer = await fetch(url, options);
    // Several may refresh at once: the server gives them all the same new pair.
    if ((await codeOf(answer)) === 'token_expired' && (await refresh()).ok) answer = await fetch(url, options);
    if (answer.ok && (isOfAuthentication(url) || endsAccount(url, options))) void show();
    return answer;
  }

  function refresh() {
    return fetch(`${API}/auth/refresh`, { method: 'POST', headers: BY_COOKIE });
  }

  async function codeOf(answer) {
    return answer.status === 401 ? (await answer.clone().json()).code : undefined;
  }

  function isOfAuthentication(url) {
    return new URL(url, location.href).pathname.startsWith(`${API}/auth/`);
  }

  function endsAccount(url, options) {
    return options?.method === 'DELETE' && new URL(url, location.href).pathname === `${API}/me`;
  }

  /** Who is signed in, or the form to do so. */
  async function show() {
    const answer = await send(`${API}/me`);
    form.hidden = answer.ok;
    account.hidden = !answer.ok;
    if (answer.ok) account.firstChild.textContent = `Signed in as ${(await answer.json()).email}`;
  }

  /** A call of the bar's own; what it refuses is told there. @returns the answer; nothing where there was none */
  async function call(path, body) {
    message.textContent = '';
    const headers = { ...BY_COOKIE, ...(body && { 'Content-Type': 'application/json' }) };
    try {
      const answer = await send(API + path, { method: 'POST', headers, body: body && JSON.stringify(body) });
      if (!answer.ok) message.textContent = reasonOf(await answer.json());
      return answer;
    } catch {
      message.textContent = 'The server did not answer. Try again.';
      return undefined;
    }
  }

  function reasonOf({ detail, errors }) {
    return errors?.[0]?.detail ?? detail;
  }

  /** Asks for a code of the second factor, and again while it is wrong. @returns whether somebody is signed in by it */
  async function enterCode(mfa_token) {
    for (;;) {
      const code = prompt(`Code of your authenticator app, or a recovery code\n${message.textContent}`);
      if (!code) return false;
      const answer = await call('/auth/mfa/verify', { mfa_token, code });
      if (answer?.status !== 422) return answer?.ok ?? false;
    }
  }

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.append(...children);
    return made;
  }

  function field(label, attributes) {
    return element('label', {}, `${label} `, element('input', { required: '', ...attributes }));
  }

  form.append(
    field('Address', { name: 'email', type: 'email', autocomplete: 'username' }),
    field('Password', { name: 'password', type: 'password', autocomplete: 'current-password' }),
    element('button', {}, 'Sign in'),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = await call('/auth/login', Object.fromEntries(new FormData(form)));
    if (!answer?.ok) return;
    const { mfa_token } = await answer.json();
    if (!mfa_token || (await enterCode(mfa_token))) form.reset();
  });
  const signOut = element('button', { type: 'button' }, 'Sign out');
  signOut.addEventListener('click', async () => {
    // Where the session was over already, there is nothing left to end.
    await call('/auth/logout');
    await show();
  });
  account.append('', signOut);
  form.hidden = account.hidden = true;
  document.body.prepend(element('header', { id: 'session' }, form, account, message));
  void show();

  return { outgoing };
})();
