/*
 * octoDNS's geo vocabulary, which is ISO 3166-1 under seven continents and ISO 3166-2 of Canada
 * and the United States, sorted by code (strcmp order) for bsearch(). English names as pycountry
 * gives them. An extra test compares every line with octoDNS's own data.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/geo_impl.h"

/* clang-format off: one line a place */
const struct cp_geo_entry cp_geo_vocabulary[] = {
	{ "AF", "Africa" },
	{ "AF-AO", "Angola" },
	{ "AF-BF", "Burkina Faso" },
	{ "AF-BI", "Burundi" },
	{ "AF-BJ", "Benin" },
	{ "AF-BW", "Botswana" },
	{ "AF-CD", "Congo, The Democratic Republic of the" },
	{ "AF-CF", "Central African Republic" },
	{ "AF-CG", "Congo" },
	{ "AF-CI", "Côte d'Ivoire" },
	{ "AF-CM", "Cameroon" },
	{ "AF-CV", "Cabo Verde" },
	{ "AF-DJ", "Djibouti" },
	{ "AF-DZ", "Algeria" },
	{ "AF-EG", "Egypt" },
	{ "AF-EH", "Western Sahara" },
	{ "AF-ER", "Eritrea" },
	{ "AF-ET", "Ethiopia" },
	{ "AF-GA", "Gabon" },
	{ "AF-GH", "Ghana" },
	{ "AF-GM", "Gambia" },
	{ "AF-GN", "Guinea" },
	{ "AF-GQ", "Equatorial Guinea" },
	{ "AF-GW", "Guinea-Bissau" },
	{ "AF-KE", "Kenya" },
	{ "AF-KM", "Comoros" },
	{ "AF-LR", "Liberia" },
	{ "AF-LS", "Lesotho" },
	{ "AF-LY", "Libya" },
	{ "AF-MA", "Morocco" },
	{ "AF-MG", "Madagascar" },
	{ "AF-ML", "Mali" },
	{ "AF-MR", "Mauritania" },
	{ "AF-MU", "Mauritius" },
	{ "AF-MW", "Malawi" },
	{ "AF-MZ", "Mozambique" },
	{ "AF-NA", "Namibia" },
	{ "AF-NE", "Niger" },
	{ "AF-NG", "Nigeria" },
	{ "AF-RE", "Réunion" },
	{ "AF-RW", "Rwanda" },
	{ "AF-SC", "Seychelles" },
	{ "AF-SD", "Sudan" },
	{ "AF-SH", "Saint Helena, Ascension and Tristan da Cunha" },
	{ "AF-SL", "Sierra Leone" },
	{ "AF-SN", "Senegal" },
	{ "AF-SO", "Somalia" },
	{ "AF-SS", "South Sudan" },
	{ "AF-ST", "Sao Tome and Principe" },
	{ "AF-SZ", "Eswatini" },
	{ "AF-TD", "Chad" },
	{ "AF-TG", "Togo" },
	{ "AF-TN", "Tunisia" },
	{ "AF-TZ", "Tanzania, United Republic of" },
	{ "AF-UG", "Uganda" },
	{ "AF-YT", "Mayotte" },
	{ "AF-ZA", "South Africa" },
	{ "AF-ZM", "Zambia" },
	{ "AF-ZW", "Zimbabwe" },
	{ "AN", "Antarctica" },
	{ "AN-AQ", "Antarctica" },
	{ "AN-BV", "Bouvet Island" },
	{ "AN-HM", "Heard Island and McDonald Islands" },
	{ "AN-TF", "French Southern Territories" },
	{ "AS", "Asia" },
	{ "AS-AE", "United Arab Emirates" },
	{ "AS-AF", "Afghanistan" },
	{ "AS-AM", "Armenia" },
	{ "AS-AZ", "Azerbaijan" },
	{ "AS-BD", "Bangladesh" },
	{ "AS-BH", "Bahrain" },
	{ "AS-BN", "Brunei Darussalam" },
	{ "AS-BT", "Bhutan" },
	{ "AS-CC", "Cocos (Keeling) Islands" },
	{ "AS-CN", "China" },
	{ "AS-CX", "Christmas Island" },
	{ "AS-CY", "Cyprus" },
	{ "AS-GE", "Georgia" },
	{ "AS-HK", "Hong Kong" },
	{ "AS-ID", "Indonesia" },
	{ "AS-IL", "Israel" },
	{ "AS-IN", "India" },
	{ "AS-IO", "British Indian Ocean Territory" },
	{ "AS-IQ", "Iraq" },
	{ "AS-IR", "Iran, Islamic Republic of" },
	{ "AS-JO", "Jordan" },
	{ "AS-JP", "Japan" },
	{ "AS-KG", "Kyrgyzstan" },
	{ "AS-KH", "Cambodia" },
	{ "AS-KP", "Korea, Democratic People's Republic of" },
	{ "AS-KR", "Korea, Republic of" },
	{ "AS-KW", "Kuwait" },
	{ "AS-KZ", "Kazakhstan" },
	{ "AS-LA", "Lao People's Democratic Republic" },
	{ "AS-LB", "Lebanon" },
	{ "AS-LK", "Sri Lanka" },
	{ "AS-MM", "Myanmar" },
	{ "AS-MN", "Mongolia" },
	{ "AS-MO", "Macao" },
	{ "AS-MV", "Maldives" },
	{ "AS-MY", "Malaysia" },
	{ "AS-NP", "Nepal" },
	{ "AS-OM", "Oman" },
	{ "AS-PH", "Philippines" },
	{ "AS-PK", "Pakistan" },
	{ "AS-PS", "Palestine, State of" },
	{ "AS-QA", "Qatar" },
	{ "AS-SA", "Saudi Arabia" },
	{ "AS-SG", "Singapore" },
	{ "AS-SY", "Syrian Arab Republic" },
	{ "AS-TH", "Thailand" },
	{ "AS-TJ", "Tajikistan" },
	{ "AS-TL", "Timor-Leste" },
	{ "AS-TM", "Turkmenistan" },
	{ "AS-TR", "Türkiye" },
	{ "AS-TW", "Taiwan, Province of China" },
	{ "AS-UZ", "Uzbekistan" },
	{ "AS-VN", "Viet Nam" },
	{ "AS-YE", "Yemen" },
	{ "EU", "Europe" },
	{ "EU-AD", "Andorra" },
	{ "EU-AL", "Albania" },
	{ "EU-AT", "Austria" },
	{ "EU-AX", "Åland Islands" },
	{ "EU-BA", "Bosnia and Herzegovina" },
	{ "EU-BE", "Belgium" },
	{ "EU-BG", "Bulgaria" },
	{ "EU-BY", "Belarus" },
	{ "EU-CH", "Switzerland" },
	{ "EU-CZ", "Czechia" },
	{ "EU-DE", "Germany" },
	{ "EU-DK", "Denmark" },
	{ "EU-EE", "Estonia" },
	{ "EU-ES", "Spain" },
	{ "EU-FI", "Finland" },
	{ "EU-FO", "Faroe Islands" },
	{ "EU-FR", "France" },
	{ "EU-GB", "United Kingdom" },
	{ "EU-GG", "Guernsey" },
	{ "EU-GI", "Gibraltar" },
	{ "EU-GR", "Greece" },
	{ "EU-HR", "Croatia" },
	{ "EU-HU", "Hungary" },
	{ "EU-IE", "Ireland" },
	{ "EU-IM", "Isle of Man" },
	{ "EU-IS", "Iceland" },
	{ "EU-IT", "Italy" },
	{ "EU-JE", "Jersey" },
	{ "EU-LI", "Liechtenstein" },
	{ "EU-LT", "Lithuania" },
	{ "EU-LU", "Luxembourg" },
	{ "EU-LV", "Latvia" },
	{ "EU-MC", "Monaco" },
	{ "EU-MD", "Moldova, Republic of" },
	{ "EU-ME", "Montenegro" },
	{ "EU-MK", "North Macedonia" },
	{ "EU-MT", "Malta" },
	{ "EU-NL", "Netherlands" },
	{ "EU-NO", "Norway" },
	{ "EU-PL", "Poland" },
	{ "EU-PT", "Portugal" },
	{ "EU-RO", "Romania" },
	{ "EU-RS", "Serbia" },
	{ "EU-RU", "Russian Federation" },
	{ "EU-SE", "Sweden" },
	{ "EU-SI", "Slovenia" },
	{ "EU-SJ", "Svalbard and Jan Mayen" },
	{ "EU-SK", "Slovakia" },
	{ "EU-SM", "San Marino" },
	{ "EU-UA", "Ukraine" },
	{ "EU-VA", "Holy See (Vatican City State)" },
	{ "NA", "North America" },
	{ "NA-AG", "Antigua and Barbuda" },
	{ "NA-AI", "Anguilla" },
	{ "NA-AW", "Aruba" },
	{ "NA-BB", "Barbados" },
	{ "NA-BL", "Saint Barthélemy" },
	{ "NA-BM", "Bermuda" },
	{ "NA-BQ", "Bonaire, Sint Eustatius and Saba" },
	{ "NA-BS", "Bahamas" },
	{ "NA-BZ", "Belize" },
	{ "NA-CA", "Canada" },
	{ "NA-CA-AB", "Alberta" },
	{ "NA-CA-BC", "British Columbia" },
	{ "NA-CA-MB", "Manitoba" },
	{ "NA-CA-NB", "New Brunswick" },
	{ "NA-CA-NL", "Newfoundland and Labrador" },
	{ "NA-CA-NS", "Nova Scotia" },
	{ "NA-CA-NT", "Northwest Territories" },
	{ "NA-CA-NU", "Nunavut" },
	{ "NA-CA-ON", "Ontario" },
	{ "NA-CA-PE", "Prince Edward Island" },
	{ "NA-CA-QC", "Quebec" },
	{ "NA-CA-SK", "Saskatchewan" },
	{ "NA-CA-YT", "Yukon" },
	{ "NA-CR", "Costa Rica" },
	{ "NA-CU", "Cuba" },
	{ "NA-CW", "Curaçao" },
	{ "NA-DM", "Dominica" },
	{ "NA-DO", "Dominican Republic" },
	{ "NA-GD", "Grenada" },
	{ "NA-GL", "Greenland" },
	{ "NA-GP", "Guadeloupe" },
	{ "NA-GT", "Guatemala" },
	{ "NA-HN", "Honduras" },
	{ "NA-HT", "Haiti" },
	{ "NA-JM", "Jamaica" },
	{ "NA-KN", "Saint Kitts and Nevis" },
	{ "NA-KY", "Cayman Islands" },
	{ "NA-LC", "Saint Lucia" },
	{ "NA-MF", "Saint Martin (French part)" },
	{ "NA-MQ", "Martinique" },
	{ "NA-MS", "Montserrat" },
	{ "NA-MX", "Mexico" },
	{ "NA-NI", "Nicaragua" },
	{ "NA-PA", "Panama" },
	{ "NA-PM", "Saint Pierre and Miquelon" },
	{ "NA-PR", "Puerto Rico" },
	{ "NA-SV", "El Salvador" },
	{ "NA-SX", "Sint Maarten (Dutch part)" },
	{ "NA-TC", "Turks and Caicos Islands" },
	{ "NA-TT", "Trinidad and Tobago" },
	{ "NA-US", "United States" },
	{ "NA-US-AK", "Alaska" },
	{ "NA-US-AL", "Alabama" },
	{ "NA-US-AR", "Arkansas" },
	{ "NA-US-AS", "American Samoa" },
	{ "NA-US-AZ", "Arizona" },
	{ "NA-US-CA", "California" },
	{ "NA-US-CO", "Colorado" },
	{ "NA-US-CT", "Connecticut" },
	{ "NA-US-DC", "District of Columbia" },
	{ "NA-US-DE", "Delaware" },
	{ "NA-US-FL", "Florida" },
	{ "NA-US-GA", "Georgia" },
	{ "NA-US-GU", "Guam" },
	{ "NA-US-HI", "Hawaii" },
	{ "NA-US-IA", "Iowa" },
	{ "NA-US-ID", "Idaho" },
	{ "NA-US-IL", "Illinois" },
	{ "NA-US-IN", "Indiana" },
	{ "NA-US-KS", "Kansas" },
	{ "NA-US-KY", "Kentucky" },
	{ "NA-US-LA", "Louisiana" },
	{ "NA-US-MA", "Massachusetts" },
	{ "NA-US-MD", "Maryland" },
	{ "NA-US-ME", "Maine" },
	{ "NA-US-MI", "Michigan" },
	{ "NA-US-MN", "Minnesota" },
	{ "NA-US-MO", "Missouri" },
	{ "NA-US-MP", "Northern Mariana Islands" },
	{ "NA-US-MS", "Mississippi" },
	{ "NA-US-MT", "Montana" },
	{ "NA-US-NC", "North Carolina" },
	{ "NA-US-ND", "North Dakota" },
	{ "NA-US-NE", "Nebraska" },
	{ "NA-US-NH", "New Hampshire" },
	{ "NA-US-NJ", "New Jersey" },
	{ "NA-US-NM", "New Mexico" },
	{ "NA-US-NV", "Nevada" },
	{ "NA-US-NY", "New York" },
	{ "NA-US-OH", "Ohio" },
	{ "NA-US-OK", "Oklahoma" },
	{ "NA-US-OR", "Oregon" },
	{ "NA-US-PA", "Pennsylvania" },
	{ "NA-US-PR", "Puerto Rico" },
	{ "NA-US-RI", "Rhode Island" },
	{ "NA-US-SC", "South Carolina" },
	{ "NA-US-SD", "South Dakota" },
	{ "NA-US-TN", "Tennessee" },
	{ "NA-US-TX", "Texas" },
	{ "NA-US-UM", "United States Minor Outlying Islands" },
	{ "NA-US-UT", "Utah" },
	{ "NA-US-VA", "Virginia" },
	{ "NA-US-VI", "Virgin Islands, U.S." },
	{ "NA-US-VT", "Vermont" },
	{ "NA-US-WA", "Washington" },
	{ "NA-US-WI", "Wisconsin" },
	{ "NA-US-WV", "West Virginia" },
	{ "NA-US-WY", "Wyoming" },
	{ "NA-VC", "Saint Vincent and the Grenadines" },
	{ "NA-VG", "Virgin Islands, British" },
	{ "NA-VI", "Virgin Islands, U.S." },
	{ "OC", "Oceania" },
	{ "OC-AS", "American Samoa" },
	{ "OC-AU", "Australia" },
	{ "OC-CK", "Cook Islands" },
	{ "OC-FJ", "Fiji" },
	{ "OC-FM", "Micronesia, Federated States of" },
	{ "OC-GU", "Guam" },
	{ "OC-KI", "Kiribati" },
	{ "OC-MH", "Marshall Islands" },
	{ "OC-MP", "Northern Mariana Islands" },
	{ "OC-NC", "New Caledonia" },
	{ "OC-NF", "Norfolk Island" },
	{ "OC-NR", "Nauru" },
	{ "OC-NU", "Niue" },
	{ "OC-NZ", "New Zealand" },
	{ "OC-PF", "French Polynesia" },
	{ "OC-PG", "Papua New Guinea" },
	{ "OC-PN", "Pitcairn" },
	{ "OC-PW", "Palau" },
	{ "OC-SB", "Solomon Islands" },
	{ "OC-TK", "Tokelau" },
	{ "OC-TO", "Tonga" },
	{ "OC-TV", "Tuvalu" },
	{ "OC-UM", "United States Minor Outlying Islands" },
	{ "OC-VU", "Vanuatu" },
	{ "OC-WF", "Wallis and Futuna" },
	{ "OC-WS", "Samoa" },
	{ "SA", "South America" },
	{ "SA-AR", "Argentina" },
	{ "SA-BO", "Bolivia, Plurinational State of" },
	{ "SA-BR", "Brazil" },
	{ "SA-CL", "Chile" },
	{ "SA-CO", "Colombia" },
	{ "SA-EC", "Ecuador" },
	{ "SA-FK", "Falkland Islands (Malvinas)" },
	{ "SA-GF", "French Guiana" },
	{ "SA-GS", "South Georgia and the South Sandwich Islands" },
	{ "SA-GY", "Guyana" },
	{ "SA-PE", "Peru" },
	{ "SA-PY", "Paraguay" },
	{ "SA-SR", "Suriname" },
	{ "SA-UY", "Uruguay" },
	{ "SA-VE", "Venezuela, Bolivarian Republic of" },
};
/* clang-format on */
static_assert(sizeof(cp_geo_vocabulary) == CP_GEO_VOCABULARY_CNT * sizeof(cp_geo_vocabulary[0]),
		"CP_GEO_VOCABULARY_CNT");

static const char *const continents[] = { "AF", "AN", "AS", "EU", "NA", "OC", "SA" };

static int
compare_code(const void *code, const void *entry)
{
	return strcmp(code, ((const struct cp_geo_entry *)entry)->code);
}

uint32_t
cp_geo_find(const char *code)
{
	const struct cp_geo_entry *entry = bsearch(code, cp_geo_vocabulary, CP_GEO_VOCABULARY_CNT,
			sizeof(cp_geo_vocabulary[0]), compare_code);

	return entry == NULL ? TBL_NONE : (uint32_t)(entry - cp_geo_vocabulary);
}

/* Is code[0..len), a whole number of parts, in the vocabulary? */
static bool
is_known(const char *code, size_t len)
{
	char head[sizeof(cp_geo_vocabulary[0].code)];

	if (len >= sizeof(head)) {
		return false;
	}
	memcpy(head, code, len);
	head[len] = '\0';
	return cp_geo_find(head) != TBL_NONE;
}

/* Checks part by part, as octoDNS does, so that the first wrong one is the one named. */
enum cp_geo_verdict
cp_geo_code_check(const char *code, struct cp_geo_parts *ret_parts)
{
	static const enum cp_geo_verdict unknown[] = { CP_GEO_UNKNOWN_CONTINENT,
		CP_GEO_UNKNOWN_COUNTRY, CP_GEO_UNKNOWN_PROVINCE };
	const char *parts[3] = { code, "", "" };
	uint32_t cnt = 1;

	if (code == NULL) {
		return CP_GEO_INVALID;
	}
	for (const char *dash = strchr(code, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
		if (cnt == 3) {
			return CP_GEO_INVALID;
		}
		parts[cnt++] = dash + 1;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		if (!is_known(code, (size_t)(parts[i] - code) + strcspn(parts[i], "-"))) {
			return unknown[i];
		}
	}
	/* Known parts are two letters each. */
	(void)snprintf(ret_parts->continent, sizeof(ret_parts->continent), "%.2s", parts[0]);
	(void)snprintf(ret_parts->country, sizeof(ret_parts->country), "%.2s", parts[1]);
	(void)snprintf(ret_parts->province, sizeof(ret_parts->province), "%.2s", parts[2]);
	return CP_GEO_OK;
}

/* MaxMind's codes for "somewhere in Asia or the Pacific" and "somewhere in Europe". */
static const char *
continent_of_legacy(const char *country)
{
	if (strcmp(country, "AP") == 0) {
		return "AS";
	}
	return strcmp(country, "EU") == 0 ? "EU" : NULL;
}

bool
cp_geo_code_of(const char *country, const char *subdivision, char code[12])
{
	const char *continent = continent_of_legacy(country);
	char full[12];
	uint32_t i = 0;

	if (continent != NULL) {
		(void)snprintf(code, 12, "%s", continent);
		return true;
	}
	if (strlen(country) != 2) {
		return false;
	}
	do {
		if (i == sizeof(continents) / sizeof(continents[0])) {
			return false;
		}
		(void)snprintf(full, sizeof(full), "%s-%s", continents[i++], country);
	} while (cp_geo_find(full) == TBL_NONE);
	(void)snprintf(code, 12, "%s", full);
	if (subdivision != NULL && strlen(subdivision) == 2) {
		(void)snprintf(full, sizeof(full), "%s-%s", code, subdivision);
		if (cp_geo_find(full) != TBL_NONE) {
			(void)snprintf(code, 12, "%s", full);
		}
	}
	return true;
}

const char *
cp_geo_name(const char *code)
{
	uint32_t number = cp_geo_find(code);

	return number == TBL_NONE ? NULL : cp_geo_vocabulary[number].name;
}
