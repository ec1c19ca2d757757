/** Names as they come, of many languages and letters: a list that has only ever sorted English is one that nobody has looked at. */

export const givenNames = words(`
  Ada, Aisha, Amélie, Anders, Anja, Bilal, Björn, Carmen, Chiara, Chloé, Daniel, Dmitri, Elif, Emma, Eoghan, Fatima, Femi,
  François, Freya, Giulia, Grace, Hana, Henrik, Hiroshi, Ines, Ivan, Jakub, Jasmin, João, Jonas, José, Kofi, Lars, Leila, Łukasz,
  Lucía, Marta, Mateo, Mei, Michał, Nadia, Ngozi, Noah, Olga, Omar, Petra, Priya, Rafael, Ravi, Renée, Rosa, Samuel, Sofia, Søren,
  Tariq, Thandi, Yuki, Zoë`);

export const familyNames = words(`
  Abe, Adeyemi, Andersson, Bauer, Becker, Bianchi, Brown, Çelik, Chen, Costa, Dąbrowska, de Vries, Diallo, Dubois, Eriksen,
  Fernández, Fischer, García, Haddad, Hansen, Horváth, Ibrahim, Ivanova, Jensen, Johnson, Kaya, Kim, Kowalski, Kumar, Larsen,
  Lefèvre, Li, Lindqvist, Lopez, Martin, Mensah, Moreau, Müller, Nakamura, Nguyễn, Novák, O'Brien, Okafor, Pereira, Petrov, Ricci,
  Rossi, Sato, Schneider, Sharma, Silva, Smith, Tanaka, Taylor, Tran, van den Berg, Virtanen, Wagner, Weiß, Williams, Yılmaz,
  Zhang, Zimmermann`);

/** What an organisation is called by, and what it does. */
export const firmNames = words(`
  Alder, Amber, Anchor, Arctic, Atlas, Aurora, Beacon, Birch, Blue Heron, Bright, Cedar, Cobalt, Copper, Coral, Crescent, Delta,
  Ember, Evergreen, Falcon, Fjord, Foxglove, Garnet, Granite, Harbour, Hawthorn, Helios, Indigo, Juniper, Kestrel, Lantern, Larch,
  Lighthouse, Linden, Meridian, Moss, Northwind, Oak, Orchard, Otter, Pebble, Pine, Prairie, Quartz, Raven, Ridge, Rowan, Saffron,
  Summit, Tern, Thistle, Tidal, Willow, Zephyr`);

export const trades = words(`
  Analytics, Architects, Bakeries, Biotech, Books, Ceramics, Consulting, Cycles, Dental, Design, Energy, Engineering, Films, Foods,
  Freight, Games, Gardens, Health, Hotels, Instruments, Insurance, Labs, Law, Logistics, Marine, Media, Optics, Outdoor, Partners,
  Pharmacy, Press, Rail, Robotics, Schools, Software, Studio, Systems, Textiles, Trading`);

/** What people do together. */
export const teamNames = words(`
  Accounts, Brand, Buying, Community, Content, Customer Success, Data, Design, Events, Facilities, Field Service, Finance, Growth,
  Hiring, Infrastructure, Legal, Logistics, Marketing, Mobile, Operations, Partners, Payroll, Platform, Press, Product, Quality,
  Research, Sales, Security, Support, Training, Web`);

function words(list: string): readonly string[] {
  return list.split(',').map((word) => word.trim());
}
