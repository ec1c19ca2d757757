/**
 * The demo organisation and its people, as `npm start` seeds them and the document's examples name them: what Swagger UI fills
 * in works as it stands. Nowhere else is anybody by these ids.
 */
export const demo = {
  organization: { id: '01a1f000-0000-7000-8000-000000000003', name: 'Demo', slug: 'demo' },
  owner: {
    userId: '01a1f000-0000-7000-8000-000000000001',
    memberId: '01a1f000-0000-7000-8000-000000000002',
    email: 'demo@example.com',
    name: 'Demo Owner',
    role: 'owner',
  },
  member: {
    userId: '01a1f000-0000-7000-8000-000000000004',
    memberId: '01a1f000-0000-7000-8000-000000000005',
    email: 'member@example.com',
    name: 'Demo Member',
    role: 'member',
  },
} as const;
