import { testJournalContract } from "../contract/journal_contract.ts";
import { JournalFolder } from "../support/journal/journal_folder.ts";

testJournalContract("file journal", () => JournalFolder.create());
