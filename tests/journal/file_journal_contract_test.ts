import { testJournalContract } from "../contract/journal_contract.ts";
import { JournalFolder } from "../support/journal_folder.ts";

testJournalContract("file journal", () => JournalFolder.create());
