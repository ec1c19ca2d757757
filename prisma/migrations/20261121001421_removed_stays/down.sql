drop policy removed_stays on members;
