"""The words that seeded rows are put together from."""

FIRST_NAMES = (
    "Asha", "Ravi", "Meera", "Kabir", "Ilse", "Tomás", "Zoë", "Ángel", "Noor", "Yuki", "Łukasz", "Chidi", "Freya", "Mateo",
    "Priya", "Søren", "Anaïs", "Dmitri", "Leila", "Kwame", "Ingrid", "Rafael", "Wei", "Oluwaseun", "Hana", "Émile", "Sofia",
    "Jonas", "Amara", "Björn", "李", "İpek", "Siobhán", "Tariq", "Nadia", "Viktor", "Esi", "Marek", "Lucía", "Arjun",
)  # fmt: skip
LAST_NAMES = (
    "Rao", "Okafor", "Lindqvist", "O'Brien", "Nakamura", "García", "Haddad", "Kowalski", "Mensah", "Novák", "Da Silva",
    "Iyer", "Strauß", "Petrov", "Eriksen", "Dubois", "Achebe", "Fernández", "Kaya", "Bergström", "Nair", "Moreau", "Sato",
    "van der Berg", "Hussain", "Costa", "Ivanova", "Mbeki", "Larsen", "Pillai",
)  # fmt: skip
JOB_TITLES = (
    "Head of Operations",
    "Buyer",
    "CTO",
    "Accountant",
    "Sales Lead",
    "Founder",
    "Office Manager",
    "Engineer",
    None,
)
SOURCES = ("website", "referral", "fair", "cold call", "partner", None)
STAGES_OF_LIFE = ("subscriber", "lead", "qualified", "opportunity", "customer")
TAGS = ("vip", "newsletter", "2026-fair", "Follow up", "churn-risk", "partner", "südwest", "a/b test")
INTERNAL_NOTES = ("Owes us a favour; do not show to clients.", "Margin floor 12 %. Internal.", None)
INDUSTRIES = ("Logistics", "Textiles", "Software", "Food", "Healthcare", "Construction", None)
COMPANY_STEMS = (
    "Amber",
    "Basalt",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Garnet",
    "Harbor",
    "Indigo",
    "Juno",
    "Krone",
    "Lumen",
)
COMPANY_KINDS = ("Works", "Foods", "Systems", "Freight", "Textiles", "Labs", "Partners", "Clinic")
CITIES = (
    ("Pune", "MH", "411001", "IN"),
    ("Malmö", None, "211 20", "SE"),
    ("Austin", "TX", "78701", "US"),
    ("Kobe", None, "650-0001", "JP"),
)
DEAL_SUBJECTS = ("Annual contract", "Pilot", "Renewal", "Expansion", "Spare parts", "Consulting days")
CURRENCIES = ("USD", "EUR", "INR", "JPY", "KWD")
LOST_REASONS = ("price", "no budget", "chose a competitor", None)
TASK_TITLES = (
    "Call back",
    "Send the offer",
    "Prepare the demo",
    "Check the invoice",
    "Ask for a reference",
    "Book a visit",
)
SENTENCES = (
    "Wants delivery before the end of the quarter.", "Prefers e-mail to calls.", "Asked for a second quote.",
    "Décision attendue la semaine prochaine.", "Contract is with their legal team.", "Budget is approved.",
)  # fmt: skip
OUTCOMES = ("reached", "no answer", "left a message", "rescheduled", None)
